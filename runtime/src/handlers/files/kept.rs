//! What was replaced: contents by their hash, and what each call changed by its token.

use super::roots::Place;
use super::times::Times;
use super::tree::Tree;
use crate::core::digest;
use crate::gate::Error;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// A content-addressed store in a folder, and the changes that refer to it.
pub(super) struct Kept {
    folder: PathBuf,
}

/// Something that a call changed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Change {
    /// What stood there was replaced or deleted.
    Replaced {
        /// Where.
        path: String,
        /// What stood there.
        before: Tree,
    },
    /// A folder in which something was changed, and when it itself was.
    Around {
        /// Where.
        path: String,
        /// When it was read and changed.
        times: Times,
    },
    /// A folder was made.
    Folder {
        /// Where.
        path: String,
    },
    /// Something was moved.
    Moved {
        /// From where.
        from: String,
        /// To where.
        to: String,
    },
}

impl Change {
    pub(super) fn folder(place: &Place, path: &Path) -> Change {
        Change::Folder { path: place.full_of(path) }
    }

    pub(super) fn moved(from: &Place, to: &Place) -> Change {
        Change::Moved { from: from.full(), to: to.full() }
    }
}

/// SHA-256 of what is read, in hexadecimal.
pub(super) fn hash_of(mut content: impl Read) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut buffer = [0; 64 * 1024];
    loop {
        match content.read(&mut buffer)? {
            0 => return Ok(digest::hex(&hasher.finalize())),
            read => hasher.update(buffer.get(..read).unwrap_or_default()),
        }
    }
}

impl Kept {
    pub(super) fn at(folder: &Path) -> Kept {
        Kept { folder: folder.to_owned() }
    }

    /// What a call changed, if it has got as far as that.
    pub(super) fn change(&self, token: &str) -> Result<Option<Vec<Change>>, Error> {
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(Error::Permanent(format!("`{token}` is no token of a kept change")));
        }
        let text = match fs::read_to_string(self.folder.join("changes").join(token)) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.failed(&error)),
        };
        let changes = serde_json::from_str(&text);
        changes.map(Some).map_err(|error| Error::Permanent(format!("what is kept under `{token}` is damaged: {error}")))
    }

    /// Keeps what a call is about to change. Durable when it returns.
    pub(super) fn keep(&self, token: &str, changes: &[Change]) -> Result<(), Error> {
        let text = serde_json::to_vec(changes).map_err(|error| Error::Permanent(error.to_string()))?;
        self.write("changes", token, &mut &text[..]).map_err(|error| self.failed(&error))
    }

    /// Keeps a content; its hash. Durable when it returns.
    pub(super) fn keep_content(&self, mut content: impl Read + io::Seek) -> io::Result<String> {
        let hash = hash_of(&mut content)?;
        if !self.folder.join("contents").join(&hash).is_file() {
            content.seek(io::SeekFrom::Start(0))?;
            self.write("contents", &hash, &mut content)?;
        }
        Ok(hash)
    }

    /// A content that is kept.
    pub(super) fn content(&self, hash: &str) -> io::Result<fs::File> {
        fs::File::open(self.folder.join("contents").join(hash))
    }

    /// Writes a file that is whole or not there: under another name first, then by that name.
    fn write(&self, kind: &str, name: &str, content: &mut dyn Read) -> io::Result<()> {
        let folder = self.folder.join(kind);
        fs::create_dir_all(&folder)?;
        let new = folder.join(format!("{name}.{}", uuid::Uuid::new_v4().simple()));
        let mut file = fs::File::create_new(&new)?;
        let written = io::copy(content, &mut file).and_then(|_| file.flush()).and_then(|()| file.sync_all());
        let placed = written.and_then(|()| fs::rename(&new, folder.join(name)));
        if placed.is_err() {
            // It would only lie about.
            let _ = fs::remove_file(&new);
        }
        placed?;
        fs::File::open(&folder)?.sync_all()
    }

    fn failed(&self, error: &io::Error) -> Error {
        Error::Transient(format!("cannot keep what is replaced in `{}`: {error}", self.folder.display()))
    }
}
