;; CRC-64, sixteen bytes a step. Memory: sixteen tables of 256 sums from 0 on (table k: a byte that k zero bytes
;; follow), the bytes from 32768 on. Assemble: npx -p wabt wat2wasm src/crc64.wat --output=crc64.wasm
(module
  (memory (export "memory") 2)
  (func (export "update") (param $crc i64) (param $length i32) (result i64)
    (local $at i32) (local $end i32) (local $a i64) (local $b i64)
    (local.set $at (i32.const 32768))
    (local.set $end (i32.add (i32.const 32768) (i32.and (local.get $length) (i32.const -16))))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
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
    (local.set $end (i32.add (i32.const 32768) (local.get $length)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
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
