//! Writing somewhere, so that what was there before is lost only once the new is there in full.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{self, Path, PathBuf},
    process,
};

use flate2::{Compression, write::GzEncoder};
use same_file::Handle;

use crate::{input, say};

/// Writes to a file, compressed if it is called so, or to the standard output.
///
/// A regular file is written beside its place and put there at the end: a full disk does not cost the file that was
/// there, which may be the very one that was read. Anything else, such as a pipe or a terminal, is written as it is.
pub fn write(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    if input::is_standard(path) {
        return write(&mut io::stdout().lock());
    }
    let Some(place) = place(path)? else {
        return compressed(path, &mut File::create(path)?, write);
    };
    let mut draft = Draft::beside(&place)?;
    compressed(path, &mut draft.file, write)?;
    draft.put(&place)
}

/// Refuses a place that is the file that is read, where what is written does not say all that it does.
pub fn spares(input: &Path, output: &Path) -> io::Result<()> {
    // A pipe must not be opened here: somebody may wait for that. A terminal may be read and written.
    if input::is_standard(output) || !output.is_file() {
        return Ok(());
    }
    let read = match input::is_standard(input) {
        true => Handle::stdin(),
        false if !input.is_file() => return Ok(()),
        false => Handle::from_path(input),
    };
    // What cannot be read, or not be written, is said when it is.
    let (Ok(read), Ok(written)) = (read, Handle::from_path(output)) else {
        return Ok(());
    };
    if read != written {
        return Ok(());
    }
    let what = "this is the history itself, which would be lost: write to another file";
    let error = io::Error::new(io::ErrorKind::InvalidInput, what);
    Err(say::at(&input::name(output), error))
}

/// Makes the directory if need be, and tries whether files can be written into it.
pub fn prepare(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    Draft::within(directory).map(drop)
}

fn compressed(
    path: &Path,
    file: &mut File,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let is_gzip = |extension: &std::ffi::OsStr| extension.eq_ignore_ascii_case("gz");
    if !path.extension().is_some_and(is_gzip) {
        return write(file);
    }
    let mut encoder = GzEncoder::new(file, Compression::default());
    write(&mut encoder)?;
    encoder.finish().map(drop)
}

/// Where the regular file is, or will be, that the path means; `None` if it means something else.
fn place(path: &Path) -> io::Result<Option<PathBuf>> {
    let absolute = path::absolute(path)?;
    // `/dev/stdout` may lead to a regular file, and still means what is open there.
    let is_open = [
        "/dev/stdin",
        "/dev/stdout",
        "/dev/stderr",
        "/dev/fd",
        "/proc",
    ];
    if is_open.iter().any(|open| absolute.starts_with(open)) {
        return Ok(None);
    }
    Ok(match fs::canonicalize(path) {
        Ok(place) => place.is_file().then_some(place),
        // Nothing is there, unless it is a link that leads nowhere yet.
        Err(_) => (!path.is_symlink()).then_some(absolute),
    })
}

/// A file that is being written beside its place, and is gone unless it is put there.
struct Draft {
    file: File,
    path: PathBuf,
}

impl Draft {
    fn beside(place: &Path) -> io::Result<Self> {
        let permissions = match place.exists() {
            // Whoever may not write a file may not replace it either.
            true => Some(
                OpenOptions::new()
                    .write(true)
                    .open(place)?
                    .metadata()?
                    .permissions(),
            ),
            false => None,
        };
        let draft = Self::within(place.parent().unwrap_or(Path::new("/")))?;
        if let Some(permissions) = permissions {
            draft.file.set_permissions(permissions)?;
        }
        Ok(draft)
    }

    fn within(directory: &Path) -> io::Result<Self> {
        let mut number = 0;
        loop {
            let path = directory.join(format!(".tachograph-{}-{number}", process::id()));
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => return Ok(Self { file, path }),
                // Left behind by a process that was killed.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(error),
            }
        }
    }

    fn put(self, place: &Path) -> io::Result<()> {
        // Some file systems say only here that they are full.
        self.file.sync_all()?;
        fs::rename(&self.path, place)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Once it is in its place, there is nothing left to remove.
        let _ = fs::remove_file(&self.path);
    }
}
