//! Writes a package of any size that checks without a finding: `gov-generate --files 20 --lines 5000 DIR`.
//!
//! For measuring: the same numbers give the same package everywhere. The files are in the formatter's layout.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let (mut files, mut lines, mut folder) = (20, 5000, None);
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--files" => files = arguments.next().ok_or("`--files` takes a number")?.parse()?,
            "--lines" => lines = arguments.next().ok_or("`--lines` takes a number")?.parse()?,
            option if option.starts_with('-') => {
                return Err(
                    format!("there is no option `{option}`: say `gov-generate --files 20 --lines 5000 DIR`").into()
                );
            }
            _ => folder = Some(PathBuf::from(argument)),
        }
    }
    let folder = folder.ok_or("say which folder: `gov-generate --files 20 --lines 5000 DIR`")?;
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("gov.toml"), "[package]\nname = \"generated\"\n")?;
    for (path, text) in gov_tests::package::files(files, lines)? {
        fs::write(folder.join(path), text)?;
    }
    Ok(())
}
