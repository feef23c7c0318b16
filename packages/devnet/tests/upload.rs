//! The two gates, case by case.

use std::io::Write;

use secret_devnet::upload::{check_instantiate, check_store, check_wasm, UploadError, MAX_WASM};

const REST: &str = r#"
    (func (export "interface_version_8"))
    (func (export "allocate") (param i32) (result i32) (i32.const 0))
    (func (export "deallocate") (param i32))
    (func (export "instantiate") (param i32 i32 i32) (result i32) (i32.const 0))"#;
const MEMORY: &str = r#"(memory (export "memory") 1)"#;

fn module(head: &str, tail: &str) -> Vec<u8> {
    wat::parse_str(format!("(module {head} {REST} {tail})")).unwrap()
}

fn refused(wasm: &[u8]) -> UploadError {
    check_wasm(wasm).expect_err("must be refused")
}

#[test]
fn a_plain_module_passes_both_gates() {
    let wasm = module(
        r#"(import "env" "db_read" (func (param i32) (result i32)))"#,
        r#"(memory (export "memory") 5) (func (export "requires_random"))
           (func (param i32) (result i32) (i32.extend8_s (local.get 0)))
           (global (export "g") (mut i32) (i32.const 1))"#,
    );
    let report = check_wasm(&wasm).unwrap();
    assert_eq!(report.imports, ["db_read"]);
    assert!(report.exports.iter().any(|e| e == "requires_random"));
    assert_eq!((report.initial_pages, report.size), (5, wasm.len()));
    assert!(!report.has_floats && !report.has_start);
}

#[test]
fn gzip_is_unpacked_and_limited() {
    let zip = |data: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    };
    let wasm = module("", MEMORY);
    assert_eq!(check_wasm(&zip(&wasm)).unwrap().size, wasm.len());
    let bomb = zip(&vec![0; MAX_WASM + 1]);
    assert_eq!(refused(&bomb), UploadError::TooLarge { max: MAX_WASM });
    assert_eq!(
        refused(&vec![0; MAX_WASM + 1]),
        UploadError::TooLarge { max: MAX_WASM }
    );
    assert!(matches!(refused(&[0x1f, 0x8b, 1]), UploadError::Gzip(_)));
}

#[test]
fn imports_outside_the_list_are_refused() {
    for (module_name, name) in [("env", "abort"), ("env", "db_scan"), ("wasi", "db_read")] {
        let wasm = module(
            &format!(r#"(import "{module_name}" "{name}" (func))"#),
            MEMORY,
        );
        assert_eq!(
            refused(&wasm),
            UploadError::Import {
                module: module_name.to_owned(),
                name: name.to_owned()
            }
        );
    }
    let wasm = module(r#"(import "env" "db_read" (global i32))"#, MEMORY);
    assert!(matches!(refused(&wasm), UploadError::ImportKind { .. }));
}

#[test]
fn required_exports_and_features() {
    let without = |name: &str| {
        let rest = REST.replace(name, "other");
        wat::parse_str(format!("(module {MEMORY} {rest})")).unwrap()
    };
    for name in [
        "interface_version_8",
        "allocate\"",
        "deallocate",
        "instantiate",
    ] {
        let wasm = without(name.trim_end_matches('"'));
        assert!(
            matches!(refused(&wasm), UploadError::MissingExport(_)),
            "{name}"
        );
    }
    let wasm = module(MEMORY, r#"(func (export "requires_iterator"))"#);
    assert_eq!(refused(&wasm), UploadError::Feature("iterator".to_owned()));
}

#[test]
fn memory_rules() {
    assert_eq!(refused(&module("", "")), UploadError::MemoryCount(0));
    let imported = module(r#"(import "env" "memory" (memory 1))"#, "");
    assert!(matches!(refused(&imported), UploadError::ImportKind { .. }));
    assert_eq!(
        refused(&module("", "(memory 1 10)")),
        UploadError::MemoryMaximum(10)
    );
    assert_eq!(
        refused(&module("", "(memory 513)")),
        UploadError::MemorySize {
            pages: 513,
            max: 512
        }
    );
    let wasm = module("", "(memory 193)");
    let report = check_store(&wasm).expect("gate A takes up to 512 pages");
    assert_eq!(
        check_instantiate(&report),
        Err(UploadError::MemorySize {
            pages: 193,
            max: 192
        })
    );
    check_wasm(&module("", "(memory 192)")).unwrap();
}

#[test]
fn only_mvp_and_sign_extension() {
    let bodies = [
        "(func (memory.fill (i32.const 0) (i32.const 0) (i32.const 0)))",
        "(func (memory.copy (i32.const 0) (i32.const 0) (i32.const 0)))",
        "(func (drop (i32.trunc_sat_f32_s (f32.const 0))))",
        "(func (result i32 i32) (i32.const 0) (i32.const 0))",
        "(table 1 externref)",
        "(func (drop (i32x4.splat (i32.const 0))))",
        "(func $f (return_call $f))",
        "(data \"passive\")",
    ];
    for body in bodies {
        let wasm = module(MEMORY, body);
        assert!(matches!(refused(&wasm), UploadError::Invalid(_)), "{body}");
        assert!(check_store(&wasm).is_err(), "gate A must refuse {body}");
    }
    assert!(matches!(refused(b"no wasm"), UploadError::Invalid(_)));
}

#[test]
fn a_padded_table_index_is_refused() {
    let wasm = module(
        MEMORY,
        "(table 1 funcref) (func (call_indirect (i32.const 0)))",
    );
    check_wasm(&wasm).unwrap();
    // The same call with the table index in five bytes, body and section lengthened by four.
    let call = [0x41, 0x00, 0x11, 0x00, 0x00, 0x0b];
    let at = wasm
        .windows(6)
        .position(|w| w == call)
        .expect("the call stands in the code");
    let body_length = at - 2;
    let code_length = wasm
        .windows(1)
        .enumerate()
        .position(|(i, w)| w[0] == 0x0a && i + 2 + wasm[i + 1] as usize == wasm.len())
        .expect("the code section is the last")
        + 1;
    let mut padded = wasm.clone();
    padded.splice(at + 4..at + 5, [0x80, 0x80, 0x80, 0x80, 0x00]);
    padded[body_length] += 4;
    padded[code_length] += 4;
    assert!(matches!(refused(&padded), UploadError::Invalid(_)));
}

#[test]
fn floats_and_start_are_refused_at_instantiate_only() {
    let floats = module(
        MEMORY,
        "(func (param i32) (drop (f64.convert_i32_s (local.get 0))))",
    );
    let report = check_store(&floats).expect("gate A does not look at floats");
    assert!(report.has_floats);
    assert_eq!(check_instantiate(&report), Err(UploadError::Floats));

    let start = module(MEMORY, "(func $s) (start $s)");
    let report = check_store(&start).expect("gate A does not look at the start function");
    assert!(report.has_start);
    assert_eq!(check_instantiate(&report), Err(UploadError::StartFunction));
}
