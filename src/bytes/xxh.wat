;; xxHash as its specification has it (github.com/Cyan4973/xxHash, doc/xxhash_spec.md), with a seed of zero: XXH64, XXH3_64bits
;; and XXH3_128bits.
;;
;; Memory: the secret of XXH3 from 0 on; what accumulators begin with from 192 on (XXH3, eight of 64 bits) and from 256 on
;; (XXH64, four); the accumulators themselves from 320 on; the bytes from 512 on. Before those that are left when all others
;; are taken there are the 64 that came before them, where there are any.
;; Assemble: npm run assemble
(module
  (memory (export "memory") 2)
  (data (i32.const 0)
    "\b8\fe\6c\39\23\a4\4b\be\7c\01\81\2c\f7\21\ad\1c\de\d4\6d\e9\83\90\97\db\72\40\a4\a4\b7\b3\67\1f"
    "\cb\79\e6\4e\cc\c0\e5\78\82\5a\d0\7d\cc\ff\72\21\b8\08\46\74\f7\43\24\8e\e0\35\90\e6\81\3a\26\4c"
    "\3c\28\52\bb\91\c3\00\cb\88\d0\65\8b\1b\53\2e\a3\71\64\48\97\a2\0d\f9\4e\38\19\ef\46\a9\de\ac\d8"
    "\a8\fa\76\3f\e3\9c\34\3f\f9\dc\bb\c7\c7\0b\4f\1d\8a\51\e0\4b\cd\b4\59\31\c8\9f\7e\c9\d9\78\73\64"
    "\ea\c5\ac\83\34\d3\eb\c3\c5\81\a0\ff\fa\13\63\eb\17\0d\dd\51\b7\f0\da\49\d3\16\55\26\29\d4\68\9e"
    "\2b\16\be\58\7d\47\a1\fc\8f\f8\b8\d1\7a\d0\31\ce\45\cb\3a\8f\95\16\04\28\af\d7\fb\ca\bb\4b\40\7e")
  (data (i32.const 192)
    "\3d\ae\b2\c2\00\00\00\00\87\ca\eb\85\b1\79\37\9e\4f\eb\d4\27\3d\ae\b2\c2\f9\79\37\9e\b1\67\56\16"
    "\63\ae\b2\c2\77\ca\eb\85\77\ca\eb\85\00\00\00\00\c5\67\56\16\2f\eb\d4\27\b1\79\37\9e\00\00\00\00")
  (data (i32.const 256)
    "\d6\b5\c0\ad\ee\27\ea\60\4f\eb\d4\27\3d\ae\b2\c2\00\00\00\00\00\00\00\00\79\35\14\7a\4e\86\c8\61")

  ;; Both halves of a product of 128 bits.
  (func $multiply (param $a i64) (param $b i64) (result i64 i64)
    (local $cross i64) (local $other i64) (local $ah i64) (local $bh i64) (local $al i64) (local $bl i64)
    (local.set $al (i64.and (local.get $a) (i64.const 0xffffffff)))
    (local.set $bl (i64.and (local.get $b) (i64.const 0xffffffff)))
    (local.set $ah (i64.shr_u (local.get $a) (i64.const 32)))
    (local.set $bh (i64.shr_u (local.get $b) (i64.const 32)))
    (local.set $cross
      (i64.add
        (i64.mul (local.get $ah) (local.get $bl))
        (i64.shr_u (i64.mul (local.get $al) (local.get $bl)) (i64.const 32))))
    (local.set $other
      (i64.add
        (i64.mul (local.get $al) (local.get $bh))
        (i64.and (local.get $cross) (i64.const 0xffffffff))))
    (i64.mul (local.get $a) (local.get $b))
    (i64.add
      (i64.mul (local.get $ah) (local.get $bh))
      (i64.add
        (i64.shr_u (local.get $cross) (i64.const 32))
        (i64.shr_u (local.get $other) (i64.const 32)))))

  ;; The halves of a product, one added to the other without carrying.
  (func $fold (param $a i64) (param $b i64) (result i64)
    (i64.xor (call $multiply (local.get $a) (local.get $b))))

  (func $reverse (param $value i64) (result i64)
    (i64x2.extract_lane 0
      (i8x16.shuffle 7 6 5 4 3 2 1 0 0 0 0 0 0 0 0 0
        (i64x2.splat (local.get $value)) (i64x2.splat (local.get $value)))))

  ;; A value exclusive or itself shifted to the right.
  (func $shifted (param $value i64) (param $bits i64) (result i64)
    (i64.xor (local.get $value) (i64.shr_u (local.get $value) (local.get $bits))))

  ;; Two words of the secret together.
  (func $flip (param $at i32) (result i64)
    (i64.xor (i64.load align=1 (local.get $at)) (i64.load offset=8 align=1 (local.get $at))))

  ;; XXH3's avalanche, and XXH64's.
  (func $avalanche (param $value i64) (result i64)
    (call $shifted
      (i64.mul (call $shifted (local.get $value) (i64.const 37)) (i64.const 0x165667919e3779f9))
      (i64.const 32)))
  (func $avalanche64 (param $value i64) (result i64)
    (call $shifted
      (i64.mul
        (call $shifted
          (i64.mul (call $shifted (local.get $value) (i64.const 33)) (i64.const 0xc2b2ae3d27d4eb4f))
          (i64.const 29))
        (i64.const 0x165667b19e3779f9))
      (i64.const 32)))

  ;; Sixteen bytes and sixteen of the secret.
  (func $mix (param $at i32) (param $secret i32) (result i64)
    (call $fold
      (i64.xor (i64.load align=1 (local.get $at)) (i64.load align=1 (local.get $secret)))
      (i64.xor (i64.load offset=8 align=1 (local.get $at)) (i64.load offset=8 align=1 (local.get $secret)))))

  ;; XXH3: two accumulators with 16 bytes of a stripe.
  (func $accumulate (param $at i32) (param $secret i32) (param $accumulators i32)
    (local $data v128) (local $keyed v128)
    (local.set $data (v128.load align=1 (local.get $at)))
    (local.set $keyed (v128.xor (local.get $data) (v128.load align=1 (local.get $secret))))
    (v128.store (local.get $accumulators)
      (i64x2.add
        (i64x2.add
          (v128.load (local.get $accumulators))
          (i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7 (local.get $data) (local.get $data)))
        (i64x2.extmul_low_i32x4_u
          (i8x16.shuffle 0 1 2 3 8 9 10 11 0 1 2 3 8 9 10 11 (local.get $keyed) (local.get $keyed))
          (i8x16.shuffle 4 5 6 7 12 13 14 15 4 5 6 7 12 13 14 15 (local.get $keyed) (local.get $keyed))))))

  ;; XXH3: a stripe of 64 bytes.
  (func $stripe (param $at i32) (param $secret i32)
    (call $accumulate (local.get $at) (local.get $secret) (i32.const 320))
    (call $accumulate
      (i32.add (local.get $at) (i32.const 16)) (i32.add (local.get $secret) (i32.const 16)) (i32.const 336))
    (call $accumulate
      (i32.add (local.get $at) (i32.const 32)) (i32.add (local.get $secret) (i32.const 32)) (i32.const 352))
    (call $accumulate
      (i32.add (local.get $at) (i32.const 48)) (i32.add (local.get $secret) (i32.const 48)) (i32.const 368)))

  ;; XXH3: the accumulators at a block's end.
  (func $scramble
    (local $i i32) (local $value v128)
    (loop $next
      (local.set $value (v128.load offset=320 (local.get $i)))
      (v128.store offset=320 (local.get $i)
        (i64x2.mul
          (v128.xor
            (v128.xor (local.get $value) (i64x2.shr_u (local.get $value) (i32.const 47)))
            (v128.load offset=128 (local.get $i)))
          (i64x2.splat (i64.const 0x9e3779b1))))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 16))) (i32.const 64)))))

  ;; XXH3: takes whole blocks of 1024 bytes, of those up to $end, and leaves at least one byte. Returns where it ends.
  (func (export "take3") (param $at i32) (param $end i32) (result i32)
    (local $secret i32)
    (loop $block
      (if (i32.gt_u (i32.sub (local.get $end) (local.get $at)) (i32.const 1024))
        (then
          (local.set $secret (i32.const 0))
          (loop $next
            (call $stripe (local.get $at) (local.get $secret))
            (local.set $at (i32.add (local.get $at) (i32.const 64)))
            (br_if $next
              (i32.lt_u (local.tee $secret (i32.add (local.get $secret) (i32.const 8))) (i32.const 128))))
          (call $scramble)
          (br $block))))
    (local.get $at))

  ;; XXH3: what is left behind whole blocks.
  (func $last (param $at i32) (param $end i32)
    (local $secret i32)
    (block $done
      (loop $next
        (br_if $done (i32.le_u (i32.sub (local.get $end) (local.get $at)) (i32.const 64)))
        (call $stripe (local.get $at) (local.get $secret))
        (local.set $at (i32.add (local.get $at) (i32.const 64)))
        (local.set $secret (i32.add (local.get $secret) (i32.const 8)))
        (br $next)))
    (call $stripe (i32.sub (local.get $end) (i32.const 64)) (i32.const 121)))

  ;; XXH3: the accumulators as one value.
  (func $merge (param $secret i32) (param $value i64) (result i64)
    (local $i i32)
    (loop $next
      (local.set $value
        (i64.add
          (local.get $value)
          (call $fold
            (i64.xor
              (i64.load offset=320 (local.get $i))
              (i64.load align=1 (i32.add (local.get $secret) (local.get $i))))
            (i64.xor
              (i64.load offset=328 (local.get $i))
              (i64.load offset=8 align=1 (i32.add (local.get $secret) (local.get $i)))))))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 16))) (i32.const 64))))
    (call $avalanche (local.get $value)))

  ;; One to three bytes as one number.
  (func $few (param $at i32) (param $length i32) (result i32)
    (i32.or
      (i32.or
        (i32.load8_u (i32.sub (i32.add (local.get $at) (local.get $length)) (i32.const 1)))
        (i32.shl (local.get $length) (i32.const 8)))
      (i32.or
        (i32.shl (i32.load8_u (local.get $at)) (i32.const 16))
        (i32.shl
          (i32.load8_u (i32.add (local.get $at) (i32.shr_u (local.get $length) (i32.const 1))))
          (i32.const 24)))))

  ;; XXH3_64bits of what is left from $at up to $end, of $total bytes.
  (func (export "digest3") (param $at i32) (param $end i32) (param $total i64) (result i64)
    (local $length i32) (local $i i32) (local $a i64) (local $b i64)
    (if (i64.gt_u (local.get $total) (i64.const 240))
      (then
        (call $last (local.get $at) (local.get $end))
        (return (call $merge (i32.const 11) (i64.mul (local.get $total) (i64.const 0x9e3779b185ebca87))))))
    (local.set $length (i32.wrap_i64 (local.get $total)))
    (if (i32.eqz (local.get $length)) (then (return (call $avalanche64 (call $flip (i32.const 56))))))
    (if (i32.le_u (local.get $length) (i32.const 3))
      (then
        (return
          (call $avalanche64
            (i64.extend_i32_u
              (i32.xor
                (i32.xor (i32.load (i32.const 0)) (i32.load (i32.const 4)))
                (call $few (local.get $at) (local.get $length))))))))
    (if (i32.le_u (local.get $length) (i32.const 8))
      (then
        (local.set $a
          (i64.xor
            (call $flip (i32.const 8))
            (i64.or
              (i64.load32_u align=1 (i32.sub (local.get $end) (i32.const 4)))
              (i64.shl (i64.load32_u align=1 (local.get $at)) (i64.const 32)))))
        (local.set $a
          (i64.mul
            (i64.xor
              (local.get $a)
              (i64.xor
                (i64.rotl (local.get $a) (i64.const 49))
                (i64.rotl (local.get $a) (i64.const 24))))
            (i64.const 0x9fb21c651e98df25)))
        (local.set $a
          (i64.mul
            (i64.xor
              (local.get $a)
              (i64.add (i64.shr_u (local.get $a) (i64.const 35)) (local.get $total)))
            (i64.const 0x9fb21c651e98df25)))
        (return (call $shifted (local.get $a) (i64.const 28)))))
    (if (i32.le_u (local.get $length) (i32.const 16))
      (then
        (local.set $a (i64.xor (call $flip (i32.const 24)) (i64.load align=1 (local.get $at))))
        (local.set $b
          (i64.xor (call $flip (i32.const 40)) (i64.load align=1 (i32.sub (local.get $end) (i32.const 8)))))
        (return
          (call $avalanche
            (i64.add
              (i64.add (local.get $total) (call $reverse (local.get $a)))
              (i64.add (local.get $b) (call $fold (local.get $a) (local.get $b))))))))
    (local.set $a (i64.mul (local.get $total) (i64.const 0x9e3779b185ebca87)))
    (if (i32.le_u (local.get $length) (i32.const 128))
      (then
        ;; From both ends to the middle.
        (local.set $i (i32.and (i32.sub (local.get $length) (i32.const 1)) (i32.const 0x60)))
        (loop $next
          (local.set $a
            (i64.add
              (local.get $a)
              (i64.add
                (call $mix
                  (i32.add (local.get $at) (i32.shr_u (local.get $i) (i32.const 1)))
                  (local.get $i))
                (call $mix
                  (i32.sub (i32.sub (local.get $end) (i32.const 16)) (i32.shr_u (local.get $i) (i32.const 1)))
                  (i32.add (local.get $i) (i32.const 16))))))
          (br_if $next
            (i32.ge_s (local.tee $i (i32.sub (local.get $i) (i32.const 32))) (i32.const 0))))
        (return (call $avalanche (local.get $a)))))
    (loop $next
      (local.set $a
        (i64.add (local.get $a) (call $mix (i32.add (local.get $at) (local.get $i)) (local.get $i))))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 16))) (i32.const 128))))
    (local.set $a (call $avalanche (local.get $a)))
    (block $done
      (loop $next
        (br_if $done
          (i32.gt_u (i32.add (local.get $i) (i32.const 16)) (local.get $length)))
        (local.set $a
          (i64.add
            (local.get $a)
            (call $mix
              (i32.add (local.get $at) (local.get $i))
              (i32.sub (local.get $i) (i32.const 125)))))
        (local.set $i (i32.add (local.get $i) (i32.const 16)))
        (br $next)))
    (call $avalanche
      (i64.add (local.get $a) (call $mix (i32.sub (local.get $end) (i32.const 16)) (i32.const 119)))))

  ;; Two values with 32 bytes and 32 of the secret.
  (func $mix2 (param $low i64) (param $high i64) (param $one i32) (param $other i32) (param $secret i32)
    (result i64 i64)
    (i64.xor
      (i64.add (local.get $low) (call $mix (local.get $one) (local.get $secret)))
      (i64.add
        (i64.load align=1 (local.get $other))
        (i64.load offset=8 align=1 (local.get $other))))
    (i64.xor
      (i64.add
        (local.get $high)
        (call $mix (local.get $other) (i32.add (local.get $secret) (i32.const 16))))
      (i64.add
        (i64.load align=1 (local.get $one))
        (i64.load offset=8 align=1 (local.get $one)))))

  ;; XXH3_128bits of the same: its low half, and its high one.
  (func (export "digest128") (param $at i32) (param $end i32) (param $total i64) (result i64 i64)
    (local $length i32) (local $i i32) (local $few i32) (local $low i64) (local $high i64)
    (if (i64.gt_u (local.get $total) (i64.const 240))
      (then
        (call $last (local.get $at) (local.get $end))
        (return
          (call $merge (i32.const 11) (i64.mul (local.get $total) (i64.const 0x9e3779b185ebca87)))
          (call $merge
            (i32.const 117)
            (i64.xor (i64.mul (local.get $total) (i64.const 0xc2b2ae3d27d4eb4f)) (i64.const -1))))))
    (local.set $length (i32.wrap_i64 (local.get $total)))
    (if (i32.eqz (local.get $length))
      (then
        (return
          (call $avalanche64 (call $flip (i32.const 64)))
          (call $avalanche64 (call $flip (i32.const 80))))))
    (if (i32.le_u (local.get $length) (i32.const 3))
      (then
        (local.set $few (call $few (local.get $at) (local.get $length)))
        (return
          (call $avalanche64
            (i64.extend_i32_u
              (i32.xor
                (local.get $few)
                (i32.xor (i32.load (i32.const 0)) (i32.load (i32.const 4))))))
          (call $avalanche64
            (i64.extend_i32_u
              (i32.xor
                (i32.rotl
                  (i32.wrap_i64
                    (i64.shr_u (call $reverse (i64.extend_i32_u (local.get $few))) (i64.const 32)))
                  (i32.const 13))
                (i32.xor (i32.load (i32.const 8)) (i32.load (i32.const 12)))))))))
    (if (i32.le_u (local.get $length) (i32.const 8))
      (then
        (call $multiply
          (i64.xor
            (call $flip (i32.const 16))
            (i64.or
              (i64.load32_u align=1 (local.get $at))
              (i64.shl
                (i64.load32_u align=1 (i32.sub (local.get $end) (i32.const 4)))
                (i64.const 32))))
          (i64.add (i64.const 0x9e3779b185ebca87) (i64.shl (local.get $total) (i64.const 2))))
        (local.set $high)
        (local.set $low)
        (local.set $high (i64.add (local.get $high) (i64.shl (local.get $low) (i64.const 1))))
        (local.set $low (i64.xor (local.get $low) (i64.shr_u (local.get $high) (i64.const 3))))
        (return
          (call $shifted
            (i64.mul (call $shifted (local.get $low) (i64.const 35)) (i64.const 0x9fb21c651e98df25))
            (i64.const 28))
          (call $avalanche (local.get $high)))))
    (if (i32.le_u (local.get $length) (i32.const 16))
      (then
        (call $multiply
          (i64.xor
            (call $flip (i32.const 32))
            (i64.xor
              (i64.load align=1 (local.get $at))
              (i64.load align=1 (i32.sub (local.get $end) (i32.const 8)))))
          (i64.const 0x9e3779b185ebca87))
        (local.set $high)
        (local.set $low)
        (local.set $low
          (i64.add
            (local.get $low)
            (i64.shl (i64.sub (local.get $total) (i64.const 1)) (i64.const 54))))
        (local.set $high
          (i64.add (local.get $high) (call $spread
            (i64.xor
              (call $flip (i32.const 48))
              (i64.load align=1 (i32.sub (local.get $end) (i32.const 8)))))))
        (local.set $low (i64.xor (local.get $low) (call $reverse (local.get $high))))
        (local.set $high (i64.mul (local.get $high) (i64.const 0xc2b2ae3d27d4eb4f)))
        (call $multiply (local.get $low) (i64.const 0xc2b2ae3d27d4eb4f))
        (local.get $high)
        (i64.add)
        (local.set $high)
        (local.set $low)
        (return (call $avalanche (local.get $low)) (call $avalanche (local.get $high)))))
    (local.set $low (i64.mul (local.get $total) (i64.const 0x9e3779b185ebca87)))
    (if (i32.le_u (local.get $length) (i32.const 128))
      (then
        (local.set $i (i32.and (i32.sub (local.get $length) (i32.const 1)) (i32.const 0x60)))
        (loop $next
          (call $mix2
            (local.get $low)
            (local.get $high)
            (i32.add (local.get $at) (i32.shr_u (local.get $i) (i32.const 1)))
            (i32.sub (i32.sub (local.get $end) (i32.const 16)) (i32.shr_u (local.get $i) (i32.const 1)))
            (local.get $i))
          (local.set $high)
          (local.set $low)
          (br_if $next
            (i32.ge_s (local.tee $i (i32.sub (local.get $i) (i32.const 32))) (i32.const 0)))))
      (else
        (loop $next
          (call $mix2
            (local.get $low)
            (local.get $high)
            (i32.add (local.get $at) (local.get $i))
            (i32.add (i32.add (local.get $at) (local.get $i)) (i32.const 16))
            (local.get $i))
          (local.set $high)
          (local.set $low)
          (br_if $next
            (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 32))) (i32.const 128))))
        (local.set $low (call $avalanche (local.get $low)))
        (local.set $high (call $avalanche (local.get $high)))
        (block $done
          (loop $next
            (br_if $done
              (i32.gt_u (i32.add (local.get $i) (i32.const 32)) (local.get $length)))
            (call $mix2
              (local.get $low)
              (local.get $high)
              (i32.add (local.get $at) (local.get $i))
              (i32.add (i32.add (local.get $at) (local.get $i)) (i32.const 16))
              (i32.sub (local.get $i) (i32.const 125)))
            (local.set $high)
            (local.set $low)
            (local.set $i (i32.add (local.get $i) (i32.const 32)))
            (br $next)))
        (call $mix2
          (local.get $low)
          (local.get $high)
          (i32.sub (local.get $end) (i32.const 16))
          (i32.sub (local.get $end) (i32.const 32))
          (i32.const 103))
        (local.set $high)
        (local.set $low)))
    (call $avalanche (i64.add (local.get $low) (local.get $high)))
    (i64.sub
      (i64.const 0)
      (call $avalanche
        (i64.add
          (i64.add
            (i64.mul (local.get $low) (i64.const 0x9e3779b185ebca87))
            (i64.mul (local.get $high) (i64.const 0x85ebca77c2b2ae63)))
          (i64.mul (local.get $total) (i64.const 0xc2b2ae3d27d4eb4f))))))

  ;; A value, and the product of its lower half with another number.
  (func $spread (param $value i64) (result i64)
    (i64.add
      (local.get $value)
      (i64.mul (i64.and (local.get $value) (i64.const 0xffffffff)) (i64.const 0x85ebca76))))

  ;; XXH64: a value with eight bytes.
  (func $round (param $value i64) (param $word i64) (result i64)
    (i64.mul
      (i64.rotl
        (i64.add (local.get $value) (i64.mul (local.get $word) (i64.const 0xc2b2ae3d27d4eb4f)))
        (i64.const 31))
      (i64.const 0x9e3779b185ebca87)))

  ;; XXH64: takes whole stripes of 32 bytes, of those up to $end. Returns where they end.
  (func (export "take64") (param $at i32) (param $end i32) (result i32)
    (local $a i64) (local $b i64) (local $c i64) (local $d i64)
    (local.set $a (i64.load (i32.const 320)))
    (local.set $b (i64.load (i32.const 328)))
    (local.set $c (i64.load (i32.const 336)))
    (local.set $d (i64.load (i32.const 344)))
    (loop $next
      (if (i32.ge_u (i32.sub (local.get $end) (local.get $at)) (i32.const 32))
        (then
          (local.set $a (call $round (local.get $a) (i64.load align=1 (local.get $at))))
          (local.set $b (call $round (local.get $b) (i64.load offset=8 align=1 (local.get $at))))
          (local.set $c (call $round (local.get $c) (i64.load offset=16 align=1 (local.get $at))))
          (local.set $d (call $round (local.get $d) (i64.load offset=24 align=1 (local.get $at))))
          (local.set $at (i32.add (local.get $at) (i32.const 32)))
          (br $next))))
    (i64.store (i32.const 320) (local.get $a))
    (i64.store (i32.const 328) (local.get $b))
    (i64.store (i32.const 336) (local.get $c))
    (i64.store (i32.const 344) (local.get $d))
    (local.get $at))

  ;; XXH64: a value with one of the accumulators.
  (func $join (param $value i64) (param $accumulator i64) (result i64)
    (i64.add
      (i64.mul
        (i64.xor (local.get $value) (call $round (i64.const 0) (local.get $accumulator)))
        (i64.const 0x9e3779b185ebca87))
      (i64.const 0x85ebca77c2b2ae63)))

  ;; XXH64 of what is left, fewer than 32 bytes from $at up to $end, of $total.
  (func (export "digest64") (param $at i32) (param $end i32) (param $total i64) (result i64)
    (local $value i64) (local $a i64) (local $b i64) (local $c i64) (local $d i64)
    (local.set $value (i64.const 0x27d4eb2f165667c5))
    (if (i64.ge_u (local.get $total) (i64.const 32))
      (then
        (local.set $a (i64.load (i32.const 320)))
        (local.set $b (i64.load (i32.const 328)))
        (local.set $c (i64.load (i32.const 336)))
        (local.set $d (i64.load (i32.const 344)))
        (local.set $value
          (i64.add
            (i64.add
              (i64.rotl (local.get $a) (i64.const 1))
              (i64.rotl (local.get $b) (i64.const 7)))
            (i64.add
              (i64.rotl (local.get $c) (i64.const 12))
              (i64.rotl (local.get $d) (i64.const 18)))))
        (local.set $value (call $join (local.get $value) (local.get $a)))
        (local.set $value (call $join (local.get $value) (local.get $b)))
        (local.set $value (call $join (local.get $value) (local.get $c)))
        (local.set $value (call $join (local.get $value) (local.get $d)))))
    (local.set $value (i64.add (local.get $value) (local.get $total)))
    (loop $next
      (if (i32.ge_u (i32.sub (local.get $end) (local.get $at)) (i32.const 8))
        (then
          (local.set $value
            (i64.add
              (i64.mul
                (i64.rotl
                  (i64.xor
                    (local.get $value)
                    (call $round (i64.const 0) (i64.load align=1 (local.get $at))))
                  (i64.const 27))
                (i64.const 0x9e3779b185ebca87))
              (i64.const 0x85ebca77c2b2ae63)))
          (local.set $at (i32.add (local.get $at) (i32.const 8)))
          (br $next))))
    (if (i32.ge_u (i32.sub (local.get $end) (local.get $at)) (i32.const 4))
      (then
        (local.set $value
          (i64.add
            (i64.mul
              (i64.rotl
                (i64.xor
                  (local.get $value)
                  (i64.mul (i64.load32_u align=1 (local.get $at)) (i64.const 0x9e3779b185ebca87)))
                (i64.const 23))
              (i64.const 0xc2b2ae3d27d4eb4f))
            (i64.const 0x165667b19e3779f9)))
        (local.set $at (i32.add (local.get $at) (i32.const 4)))))
    (loop $next
      (if (i32.lt_u (local.get $at) (local.get $end))
        (then
          (local.set $value
            (i64.mul
              (i64.rotl
                (i64.xor
                  (local.get $value)
                  (i64.mul (i64.load8_u (local.get $at)) (i64.const 0x27d4eb2f165667c5)))
                (i64.const 11))
              (i64.const 0x9e3779b185ebca87)))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br $next))))
    (call $avalanche64 (local.get $value)))
)
