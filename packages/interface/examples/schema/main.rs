//! `make schema`: writes the JSON schemas of all messages to `schema/`.

mod generate;

use std::fs;
use std::path::Path;

fn main() -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schema");
    fs::create_dir_all(&folder)?;
    for (name, text) in generate::generate() {
        fs::write(folder.join(name), text + "\n")?;
        println!("schema/{name}");
    }
    Ok(())
}
