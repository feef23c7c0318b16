;; A contract that does what its message says: a list of operations, each a letter and one to three
;; arguments (length in 16 bits, little endian, then bytes), closed by the JSON to answer with.
(module
  (import "env" "db_read" (func $db_read (param i32) (result i32)))
  (import "env" "db_write" (func $db_write (param i32 i32)))
  (import "env" "db_remove" (func $db_remove (param i32)))
  (import "env" "addr_validate" (func $addr_validate (param i32) (result i32)))
  (import "env" "addr_canonicalize" (func $addr_canonicalize (param i32 i32) (result i32)))
  (import "env" "addr_humanize" (func $addr_humanize (param i32 i32) (result i32)))
  (import "env" "secp256k1_verify" (func $secp_verify (param i32 i32 i32) (result i32)))
  (import "env" "secp256k1_recover_pubkey" (func $secp_recover (param i32 i32 i32) (result i64)))
  (import "env" "secp256k1_sign" (func $secp_sign (param i32 i32) (result i64)))
  (import "env" "ed25519_verify" (func $ed_verify (param i32 i32 i32) (result i32)))
  (import "env" "ed25519_batch_verify" (func $ed_batch (param i32 i32 i32) (result i32)))
  (import "env" "ed25519_sign" (func $ed_sign (param i32 i32) (result i64)))
  (import "env" "dcap_quote_verify" (func $dcap (param i32 i32) (result i64)))
  (import "env" "debug" (func $debug (param i32)))
  (import "env" "query_chain" (func $query_chain (param i32) (result i32)))
  (import "env" "gas_evaporate" (func $evaporate (param i32) (result i32)))
  (import "env" "check_gas" (func $check_gas (result i64)))

  (memory (export "memory") 1)
  (global $heap (mut i32) (i32.const 8192))
  (global $env (mut i32) (i32.const 0))
  (global $info (mut i32) (i32.const 0))

  ;; regions of the empty response and of the key "reply"
  (data (i32.const 16) "\00\04\00\00\40\00\00\00\40\00\00\00")
  (data (i32.const 32) "\80\04\00\00\05\00\00\00\05\00\00\00")
  (data (i32.const 1024) "{\"Ok\":{\"messages\":[],\"attributes\":[],\"events\":[],\"data\":null}}  ")
  (data (i32.const 1152) "reply")

  (func (export "interface_version_8"))
  (func (export "requires_random"))
  (func (export "deallocate") (param i32))

  (func $allocate (export "allocate") (param $n i32) (result i32)
    (local $r i32)
    (local.set $r (global.get $heap))
    (i32.store (local.get $r) (i32.add (local.get $r) (i32.const 12)))
    (i32.store offset=4 (local.get $r) (local.get $n))
    (i32.store offset=8 (local.get $r) (i32.const 0))
    (global.set $heap
      (i32.and (i32.add (i32.add (local.get $r) (local.get $n)) (i32.const 19)) (i32.const -8)))
    (block $done
      (loop $more
        (br_if $done
          (i32.le_u (global.get $heap) (i32.mul (memory.size) (i32.const 65536))))
        (drop (memory.grow (i32.const 1)))
        (br $more)))
    (local.get $r))

  (func $region (param $p i32) (param $n i32) (result i32)
    (local $r i32)
    (local.set $r (call $allocate (i32.const 0)))
    (i32.store (local.get $r) (local.get $p))
    (i32.store offset=4 (local.get $r) (local.get $n))
    (i32.store offset=8 (local.get $r) (local.get $n))
    (local.get $r))

  ;; debug a decimal number
  (func $number (param $v i64)
    (local $p i32)
    (local $end i32)
    (local.set $end (i32.add (call $allocate (i32.const 32)) (i32.const 40)))
    (local.set $p (local.get $end))
    (loop $digits
      (local.set $p (i32.sub (local.get $p) (i32.const 1)))
      (i32.store8 (local.get $p)
        (i32.add (i32.const 48) (i32.wrap_i64 (i64.rem_u (local.get $v) (i64.const 10)))))
      (local.set $v (i64.div_u (local.get $v) (i64.const 10)))
      (br_if $digits (i64.ne (local.get $v) (i64.const 0))))
    (call $debug
      (call $region (local.get $p) (i32.sub (local.get $end) (local.get $p)))))

  ;; debug what a pointer in the low half points to, or the error code in the high half
  (func $either (param $v i64)
    (if (i64.ne (i64.shr_u (local.get $v) (i64.const 32)) (i64.const 0))
      (then (call $number (i64.shr_u (local.get $v) (i64.const 32))))
      (else (call $debug (i32.wrap_i64 (local.get $v))))))

  ;; debug a pointer's text, or 0
  (func $text (param $r i32)
    (if (i32.eqz (local.get $r))
      (then (call $number (i64.const 0)))
      (else (call $debug (local.get $r)))))

  (func $run (param $msg i32) (result i32)
    (local $p i32) (local $end i32) (local $op i32) (local $a i32) (local $b i32) (local $c i32)
    (local.set $p (i32.load (local.get $msg)))
    (local.set $end (i32.add (local.get $p) (i32.load offset=8 (local.get $msg))))
    (loop $next
      (local.set $op (i32.load8_u (local.get $p)))
      (if (i32.eq (local.get $op) (i32.const 123)) ;; {
        (then (return
          (call $region (local.get $p) (i32.sub (local.get $end) (local.get $p))))))
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (local.set $a (call $region (i32.add (local.get $p) (i32.const 2)) (i32.load16_u (local.get $p))))
      (local.set $p (i32.add (local.get $p) (i32.add (i32.const 2) (i32.load16_u (local.get $p)))))
      (local.set $b (call $region (i32.add (local.get $p) (i32.const 2)) (i32.load16_u (local.get $p))))
      (local.set $p (i32.add (local.get $p) (i32.add (i32.const 2) (i32.load16_u (local.get $p)))))
      (local.set $c (call $region (i32.add (local.get $p) (i32.const 2)) (i32.load16_u (local.get $p))))
      (local.set $p (i32.add (local.get $p) (i32.add (i32.const 2) (i32.load16_u (local.get $p)))))
      (if (i32.eq (local.get $op) (i32.const 87)) ;; W
        (then (call $db_write (local.get $a) (local.get $b))))
      (if (i32.eq (local.get $op) (i32.const 82)) ;; R
        (then (call $text (call $db_read (local.get $a)))))
      (if (i32.eq (local.get $op) (i32.const 68)) ;; D
        (then (call $db_remove (local.get $a))))
      (if (i32.eq (local.get $op) (i32.const 86)) ;; V
        (then (return (call $db_read (local.get $a)))))
      (if (i32.eq (local.get $op) (i32.const 81)) ;; Q
        (then (call $debug (call $query_chain (local.get $a)))))
      (if (i32.eq (local.get $op) (i32.const 78)) ;; N
        (then (call $debug (global.get $env))))
      (if (i32.eq (local.get $op) (i32.const 73)) ;; I
        (then (call $debug (global.get $info))))
      (if (i32.eq (local.get $op) (i32.const 69)) ;; E
        (then (drop (call $evaporate (i32.load (i32.load (local.get $a)))))))
      (if (i32.eq (local.get $op) (i32.const 88)) ;; X
        (then (unreachable)))
      (if (i32.eq (local.get $op) (i32.const 76)) ;; L
        (then (loop $ever (br $ever))))
      (if (i32.eq (local.get $op) (i32.const 71)) ;; G
        (then (call $number (i64.extend_i32_s (memory.grow (i32.load (i32.load (local.get $a))))))))
      (if (i32.eq (local.get $op) (i32.const 67)) ;; C
        (then (call $number (call $check_gas))))
      (if (i32.eq (local.get $op) (i32.const 75)) ;; K
        (then (call $text (call $addr_validate (local.get $a)))))
      (if (i32.eq (local.get $op) (i32.const 72)) ;; H
        (then
          (local.set $b (call $allocate (i32.const 90)))
          (call $text (call $addr_canonicalize (local.get $a) (local.get $b)))
          (local.set $c (call $allocate (i32.const 90)))
          (call $text (call $addr_humanize (local.get $b) (local.get $c)))
          (call $debug (local.get $c))))
      (if (i32.eq (local.get $op) (i32.const 83)) ;; S
        (then (call $number (i64.extend_i32_u
          (call $secp_verify (local.get $a) (local.get $b) (local.get $c))))))
      (if (i32.eq (local.get $op) (i32.const 89)) ;; Y
        (then (call $either
          (call $secp_recover (local.get $a) (local.get $b)
            (i32.load8_u (i32.load (local.get $c)))))))
      (if (i32.eq (local.get $op) (i32.const 90)) ;; Z
        (then (call $either (call $secp_sign (local.get $a) (local.get $b)))))
      (if (i32.eq (local.get $op) (i32.const 101)) ;; e
        (then (call $number (i64.extend_i32_u
          (call $ed_verify (local.get $a) (local.get $b) (local.get $c))))))
      (if (i32.eq (local.get $op) (i32.const 98)) ;; b
        (then (call $number (i64.extend_i32_u
          (call $ed_batch (local.get $a) (local.get $b) (local.get $c))))))
      (if (i32.eq (local.get $op) (i32.const 115)) ;; s
        (then (call $either (call $ed_sign (local.get $a) (local.get $b)))))
      (if (i32.eq (local.get $op) (i32.const 100)) ;; d
        (then (call $number (call $dcap (local.get $a) (local.get $b)))))
      (br $next))
    (unreachable))

  (func $start (param $env i32) (param $info i32) (param $msg i32) (result i32)
    (global.set $env (local.get $env))
    (global.set $info (local.get $info))
    (call $run (local.get $msg)))
  (export "instantiate" (func $start))
  (export "execute" (func $start))

  (func $short (param $env i32) (param $msg i32) (result i32)
    (call $start (local.get $env) (i32.const 0) (local.get $msg)))
  (export "query" (func $short))
  (export "migrate" (func $short))

  ;; shows the reply, then does what the slot "reply" says
  (func (export "reply") (param $env i32) (param $msg i32) (result i32)
    (local $program i32)
    (call $debug (local.get $msg))
    (local.set $program (call $db_read (i32.const 32)))
    (if (i32.eqz (local.get $program)) (then (return (i32.const 16))))
    (call $short (local.get $env) (local.get $program))))
