//! The committed model file is the one that its README describes.

use sha2::{Digest, Sha256};

#[test]
fn the_file_has_the_digest_and_size_that_the_readme_names() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/demo-model");
    let file = std::fs::read(format!("{folder}/secret-ai-demo.gguf")).unwrap();
    let readme = std::fs::read_to_string(format!("{folder}/README.md")).unwrap();
    let digest = hex::encode(Sha256::digest(&file));
    assert!(readme.contains(&digest), "README.md does not name {digest}");
    assert!(
        (250_000..=450_000).contains(&file.len()),
        "{} bytes",
        file.len()
    );
}
