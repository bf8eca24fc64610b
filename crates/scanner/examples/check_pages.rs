//! Writes `docs/checks` from the code, and removes pages of checks that are gone.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/checks");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    for (name, text) in scanner::pages::all() {
        std::fs::write(folder.join(name), text)?;
    }
    Ok(())
}
