//! Writing files so that nothing is lost: a file has its old text or its new one, whatever happens in between.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

/// Puts a text in the place of a file's, keeping the file's permissions, or makes the file. A link stays a link; what it
/// leads to changes.
///
/// # Errors
///
/// If the folder or the file may not be written, or the disk is full; the file is then as it was.
pub fn replace(path: &Path, text: &str) -> io::Result<()> {
    let (target, permissions) = match path.canonicalize() {
        Ok(target) => {
            let permissions = fs::metadata(&target)?.permissions();
            (target, Some(permissions))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => (std::path::absolute(path)?, None),
        Err(error) => return Err(error),
    };
    let folder = target.parent().ok_or(io::ErrorKind::NotFound)?;
    let mut new = beside(folder)?;
    new.write_all(text.as_bytes())?;
    if let Some(permissions) = permissions {
        new.as_file().set_permissions(permissions)?;
    }
    new.as_file().sync_all()?;
    new.persist(&target)?;
    Ok(())
}

/// A file with the permissions that a new file has, to be renamed when it is whole.
fn beside(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".gov-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_made_where_there_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let (new, by_hand) = (folder.path().join("new.yaml"), folder.path().join("by_hand.yaml"));
        replace(&new, "text").unwrap();
        fs::write(&by_hand, "").unwrap();
        assert_eq!(fs::read_to_string(&new).unwrap(), "text");
        assert_eq!(fs::metadata(&new).unwrap().permissions(), fs::metadata(&by_hand).unwrap().permissions());
        assert!(replace(&folder.path().join("nowhere/new.yaml"), "text").is_err());
    }

    #[cfg(unix)]
    #[test]
    fn permissions_and_links_are_kept() {
        use std::os::unix::fs::{PermissionsExt, symlink};

        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("a.gov"), folder.path().join("b.gov"));
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        symlink(&file, &link).unwrap();
        replace(&link, "new").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
