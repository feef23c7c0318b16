//! `make demo` is a test too: the whole story, with the real programs, over HTTP.

use std::process::Command;

#[test]
fn the_demo_tells_its_story_to_the_end() {
    let output = Command::new(env!("CARGO_BIN_EXE_demo"))
        .env("RAYON_NUM_THREADS", "1")
        .output()
        .expect("the demo starts");
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{errors}");
    assert_eq!(text.matches("refused: ").count(), 4, "{text}");
    assert!(text.contains("All sums agree to the base unit."), "{text}");
}
