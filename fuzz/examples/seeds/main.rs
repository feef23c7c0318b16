//! Writes minted evidence, good and broken, to `corpus/<target>/` beside this crate's manifest, so that
//! the fuzz targets begin behind the first checks. Deterministic.

mod evidence;
mod gpu;
mod nras;
mod receipts;
mod snp;
mod tdx;

use std::path::Path;

/// The seeds of one target.
pub type Seeds = (&'static str, Vec<Vec<u8>>);

fn main() -> std::io::Result<()> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let all = [
        tdx::seeds(),
        snp::seeds(),
        gpu::seeds(),
        nras::seeds(),
        receipts::seeds(),
        evidence::seeds(),
    ];
    for (target, seeds) in all.into_iter().flatten() {
        let folder = corpus.join(target);
        std::fs::create_dir_all(&folder)?;
        for (number, seed) in seeds.iter().enumerate() {
            std::fs::write(folder.join(format!("seed-{number:03}")), seed)?;
        }
    }
    Ok(())
}
