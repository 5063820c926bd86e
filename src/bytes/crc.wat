;; A CRC of up to 64 bits. Exclusive ors alone fold most of the bytes away, sixteen at once, as in Chorba (Russell 2024,
;; arXiv 2412.16398); what is left goes through tables, sixteen bytes a step.
;;
;; A message of eight ones, 01 at 0 and at seven distances, is a multiple of the polynomial: a register of zero goes
;; through it to zero. Added to a message, it changes no sum. So any byte becomes zero once it is added (exclusive or)
;; to those at the seven distances behind it. crc.ts has the distances, crc.test.ts tries them.
;;
;; Memory: sixteen tables of 256 sums from 0 on (table k: a byte that k zero bytes follow), the distances from 32768 on,
;; i32, the farthest last, then zeros; the bytes from 36864 on, up to 65536; what is left of them from 106496 on.
;; Assemble: npm run assemble
(module
  (memory (export "memory") 2)

  ;; Adds to the bytes from $to up to $end, and up to 63 more, those that lie the seven distances before $from and on.
  (func $gather (param $to i32) (param $end i32) (param $from i32)
    (local $a i32) (local $b i32) (local $c i32) (local $d i32) (local $e i32) (local $f i32) (local $g i32)
    (local.set $a (i32.sub (local.get $from) (i32.load offset=32768 (i32.const 0))))
    (local.set $b (i32.sub (local.get $from) (i32.load offset=32772 (i32.const 0))))
    (local.set $c (i32.sub (local.get $from) (i32.load offset=32776 (i32.const 0))))
    (local.set $d (i32.sub (local.get $from) (i32.load offset=32780 (i32.const 0))))
    (local.set $e (i32.sub (local.get $from) (i32.load offset=32784 (i32.const 0))))
    (local.set $f (i32.sub (local.get $from) (i32.load offset=32788 (i32.const 0))))
    (local.set $g (i32.sub (local.get $from) (i32.load offset=32792 (i32.const 0))))
    (loop $next
      (v128.store (local.get $to)
        (v128.xor
          (v128.xor
            (v128.xor (v128.load (local.get $to)) (v128.load align=1 (local.get $a)))
            (v128.xor (v128.load align=1 (local.get $b)) (v128.load align=1 (local.get $c))))
          (v128.xor
            (v128.xor (v128.load align=1 (local.get $d)) (v128.load align=1 (local.get $e)))
            (v128.xor (v128.load align=1 (local.get $f)) (v128.load align=1 (local.get $g))))))
      (v128.store offset=16 (local.get $to)
        (v128.xor
          (v128.xor
            (v128.xor (v128.load offset=16 (local.get $to)) (v128.load offset=16 align=1 (local.get $a)))
            (v128.xor (v128.load offset=16 align=1 (local.get $b)) (v128.load offset=16 align=1 (local.get $c))))
          (v128.xor
            (v128.xor (v128.load offset=16 align=1 (local.get $d)) (v128.load offset=16 align=1 (local.get $e)))
            (v128.xor (v128.load offset=16 align=1 (local.get $f)) (v128.load offset=16 align=1 (local.get $g))))))
      (v128.store offset=32 (local.get $to)
        (v128.xor
          (v128.xor
            (v128.xor (v128.load offset=32 (local.get $to)) (v128.load offset=32 align=1 (local.get $a)))
            (v128.xor (v128.load offset=32 align=1 (local.get $b)) (v128.load offset=32 align=1 (local.get $c))))
          (v128.xor
            (v128.xor (v128.load offset=32 align=1 (local.get $d)) (v128.load offset=32 align=1 (local.get $e)))
            (v128.xor (v128.load offset=32 align=1 (local.get $f)) (v128.load offset=32 align=1 (local.get $g))))))
      (v128.store offset=48 (local.get $to)
        (v128.xor
          (v128.xor
            (v128.xor (v128.load offset=48 (local.get $to)) (v128.load offset=48 align=1 (local.get $a)))
            (v128.xor (v128.load offset=48 align=1 (local.get $b)) (v128.load offset=48 align=1 (local.get $c))))
          (v128.xor
            (v128.xor (v128.load offset=48 align=1 (local.get $d)) (v128.load offset=48 align=1 (local.get $e)))
            (v128.xor (v128.load offset=48 align=1 (local.get $f)) (v128.load offset=48 align=1 (local.get $g))))))
      (local.set $a (i32.add (local.get $a) (i32.const 64)))
      (local.set $b (i32.add (local.get $b) (i32.const 64)))
      (local.set $c (i32.add (local.get $c) (i32.const 64)))
      (local.set $d (i32.add (local.get $d) (i32.const 64)))
      (local.set $e (i32.add (local.get $e) (i32.const 64)))
      (local.set $f (i32.add (local.get $f) (i32.const 64)))
      (local.set $g (i32.add (local.get $g) (i32.const 64)))
      (local.set $to (i32.add (local.get $to) (i32.const 64)))
      (br_if $next (i32.lt_u (local.get $to) (local.get $end)))))

  ;; The register after $length bytes at 36864, from that before them.
  (func (export "update") (param $crc i64) (param $length i32) (result i64)
    (local $at i32) (local $end i32) (local $a i64) (local $b i64)
    (local.set $at (i32.const 36864))
    ;; As far as the farthest distance before the end, nothing can be folded. For less than 768 bytes it does not pay.
    (local.set $end
      (i32.and
        (i32.sub (local.get $length) (i32.load offset=32792 (i32.const 0)))
        (i32.const -64)))
    (if (i32.ge_s (local.get $end) (i32.const 768))
      (then
        (i64.store (i32.const 36864) (i64.xor (i64.load (i32.const 36864)) (local.get $crc)))
        (local.set $crc (i64.const 0))
        (local.set $length (i32.sub (local.get $length) (local.get $end)))
        (local.set $end (i32.add (i32.const 36864) (local.get $end)))
        (call $gather (i32.const 36864) (local.get $end) (i32.const 36864))
        (local.set $at (i32.const 106496))
        (memory.copy (i32.const 106496) (local.get $end) (local.get $length))
        ;; What is left is added to by what is folded away, not by itself.
        (memory.fill (local.get $end) (i32.const 0) (local.get $length))
        (call $gather (i32.const 106496) (i32.add (i32.const 106496) (local.get $length)) (local.get $end))))
    (local.set $length (i32.add (local.get $at) (local.get $length)))
    (local.set $end (i32.sub (local.get $length) (i32.const 15)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_s (local.get $at) (local.get $end)))
        (local.set $a (i64.xor (i64.load (local.get $at)) (local.get $crc)))
        (local.set $b (i64.load offset=8 (local.get $at)))
        (local.set $crc
          (i64.xor
           (i64.xor
            (i64.xor
             (i64.xor
              (i64.load offset=30720 (i32.wrap_i64 (i64.and (i64.shl (local.get $a) (i64.const 3)) (i64.const 0x7f8))))
              (i64.load offset=28672 (i32.wrap_i64 (i64.and (i64.shr_u (local.get $a) (i64.const 5)) (i64.const 0x7f8)))))
             (i64.xor
              (i64.load offset=26624 (i32.wrap_i64 (i64.and (i64.shr_u (local.get $a) (i64.const 13)) (i64.const 0x7f8))))
              (i64.load offset=24576 (i32.wrap_i64 (i64.and (i64.shr_u (local.get $a) (i64.const 21)) (i64.const 0x7f8))))))
            (i64.xor
             (i64.xor
              (i64.load offset=22528 (i32.wrap_i64 (i64.and (i64.shr_u (local.get $a) (i64.const 29)) (i64.const 0x7f8))))
              (i64.load offset=20480 (i32.wrap_i64 (i64.and (i64.shr_u (local.get $a) (i64.const 37)) (i64.const 0x7f8)))))
             (i64.xor
              (i64.load offset=18432 (i32.wrap_i64 (i64.and (i64.shr_u (local.get $a) (i64.const 45)) (i64.const 0x7f8))))
              (i64.load offset=16384 (i32.wrap_i64 (i64.and (i64.shr_u (local.get $a) (i64.const 53)) (i64.const 0x7f8)))))))
           (i64.xor
            (i64.xor
             (i64.xor
              (i64.load offset=14336 (i32.wrap_i64 (i64.and (i64.shl (local.get $b) (i64.const 3)) (i64.const 0x7f8))))
              (i64.load offset=12288 (i32.wrap_i64 (i64.and (i64.shr_u (local.get $b) (i64.const 5)) (i64.const 0x7f8)))))
             (i64.xor
              (i64.load offset=10240 (i32.wrap_i64 (i64.and (i64.shr_u (local.get $b) (i64.const 13)) (i64.const 0x7f8))))
              (i64.load offset=8192 (i32.wrap_i64 (i64.and (i64.shr_u (local.get $b) (i64.const 21)) (i64.const 0x7f8))))))
            (i64.xor
             (i64.xor
              (i64.load offset=6144 (i32.wrap_i64 (i64.and (i64.shr_u (local.get $b) (i64.const 29)) (i64.const 0x7f8))))
              (i64.load offset=4096 (i32.wrap_i64 (i64.and (i64.shr_u (local.get $b) (i64.const 37)) (i64.const 0x7f8)))))
             (i64.xor
              (i64.load offset=2048 (i32.wrap_i64 (i64.and (i64.shr_u (local.get $b) (i64.const 45)) (i64.const 0x7f8))))
              (i64.load offset=0 (i32.wrap_i64 (i64.and (i64.shr_u (local.get $b) (i64.const 53)) (i64.const 0x7f8)))))))))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br $next)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $length)))
        (local.set $crc
          (i64.xor
            (i64.shr_u (local.get $crc) (i64.const 8))
            (i64.load
              (i32.shl
                (i32.and (i32.xor (i32.wrap_i64 (local.get $crc)) (i32.load8_u (local.get $at))) (i32.const 255))
                (i32.const 3)))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next)))
    (local.get $crc)))
