//! A file that is put aside until its form has come to an end: in memory while it is small, then in
//! a file without a name, which is gone with the process however that ends.

use std::io::{self, SeekFrom};

use bytes::{Bytes, BytesMut};
use tokio::{
    fs::File,
    io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _},
    sync::mpsc,
};

/// So much is held in memory.
const HELD: usize = 256 * 1024;
/// How much is read at a time.
const PIECE: usize = 64 * 1024;

/// What has come so far.
#[derive(Debug, Default)]
pub(super) struct Spool {
    file: Option<File>,
    /// What is not in the file yet.
    held: BytesMut,
}

impl Spool {
    pub(super) async fn push(&mut self, piece: &[u8]) -> io::Result<()> {
        self.held.extend_from_slice(piece);
        if self.held.len() < HELD {
            return Ok(());
        }
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(nameless().await?),
        };
        file.write_all(&self.held).await?;
        self.held.clear();
        Ok(())
    }

    /// Passes everything on, as far as somebody takes it.
    pub(super) async fn pass_on(self, sender: &mpsc::Sender<io::Result<Bytes>>) -> io::Result<()> {
        if let Some(mut file) = self.file {
            file.flush().await?;
            file.seek(SeekFrom::Start(0)).await?;
            loop {
                let mut piece = BytesMut::with_capacity(PIECE);
                if file.read_buf(&mut piece).await? == 0 {
                    break;
                }
                if sender.send(Ok(piece.freeze())).await.is_err() {
                    return Ok(());
                }
            }
        }
        if !self.held.is_empty() {
            // Whoever takes no more has said why.
            let _ = sender.send(Ok(self.held.freeze())).await;
        }
        Ok(())
    }
}

/// A file in the directory for temporary ones (`TMPDIR`) that nobody else can open.
async fn nameless() -> io::Result<File> {
    let made = tokio::task::spawn_blocking(tempfile::tempfile).await;
    made.map_err(io::Error::other)?.map(File::from_std)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_went_in_comes_out() {
        for length in [0, 1, HELD - 1, HELD, 5 * HELD + 17] {
            let given: Vec<u8> = (0..=250).cycle().take(length).collect();
            let mut spool = Spool::default();
            for piece in given.chunks(40_000) {
                spool.push(piece).await.unwrap();
            }
            assert_eq!(spool.file.is_some(), length >= HELD, "{length}");
            let (sender, mut receiver) = mpsc::channel(1);
            let passing = tokio::spawn(async move { spool.pass_on(&sender).await });
            let mut taken = Vec::new();
            while let Some(piece) = receiver.recv().await {
                taken.extend_from_slice(&piece.unwrap());
            }
            passing.await.unwrap().unwrap();
            assert!(taken == given, "{length}");
        }
    }
}
