//! One process per database file. The lock belongs to an open file, so it dies with its process, however that dies.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::fault::{Done, Fault, file_fault};
use crate::error::StoreError;

/// Held as long as the database is open.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock beside the database, or says who has it.
    pub(crate) fn take(database: &Path) -> Done<Self> {
        let path = lock_path(database);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        private(&mut options);
        let mut file = options.open(&path).map_err(|error| file_fault(&error, &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(in_use(database, &path, &mut file)),
            Err(TryLockError::Error(error)) => return Err(file_fault(&error, &path)),
        }
        // Only a help for whoever meets the lock; a full disk must not keep the database from opening.
        let _ = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id()));
        Ok(Self { _file: file })
    }
}

fn lock_path(database: &Path) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(".lock");
    path.into()
}

fn in_use(database: &Path, lock: &Path, file: &mut File) -> Fault {
    let mut holder = String::new();
    let _ = file.take(20).read_to_string(&mut holder);
    let who = match holder.trim().parse::<u32>() {
        Ok(pid) => format!("process {pid}"),
        Err(_) => "another process".to_owned(),
    };
    Fault(StoreError::InUse(format!(
        "{who} is using the database {} (it holds {}); stop it, or give this one another data directory",
        database.display(),
        lock.display(),
    )))
}

/// Readable and writable by the owner alone.
pub(crate) fn private(options: &mut OpenOptions) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
}
