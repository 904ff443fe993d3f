//! Moving the bytes of one connection, as well as the fault lets them through.

use std::{io, sync::atomic::Ordering, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
    sync::watch,
};
use tokio_util::sync::CancellationToken;

use crate::{
    fault::Fault,
    proxy::{Plan, Shared},
};

const PIECE: usize = 16 * 1024;

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// In order.
    Closed,
    /// With a reset.
    Reset,
}

/// Carries bytes both ways until one side ends.
pub(crate) async fn run<U>(
    mut client: TcpStream,
    upstream: U,
    shared: &Shared,
    plan: watch::Receiver<Plan>,
    cut: CancellationToken,
) where
    U: AsyncRead + AsyncWrite + Unpin,
{
    let (from_upstream, to_upstream) = tokio::io::split(upstream);
    let end = {
        let (from_client, to_client) = client.split();
        let requests = ask(from_client, to_upstream, plan.clone());
        let answers = answer(from_upstream, to_client, shared, plan);
        tokio::select! {
            end = answers => end,
            () = async { requests.await; std::future::pending().await } => End::Closed,
            () = cut.cancelled() => End::Reset,
        }
    };
    if end == End::Reset {
        // Without lingering the close becomes a reset.
        let _gone = client.set_zero_linger();
    }
}

/// Requests: from the client to the upstream.
async fn ask(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut plan: watch::Receiver<Plan>,
) {
    let mut buffer = vec![0; PIECE];
    loop {
        let Ok(length @ 1..) = from.read(&mut buffer).await else {
            // The client is done; the upstream may still answer.
            let _gone = to.shutdown().await;
            return;
        };
        let fault = plan.borrow_and_update().fault;
        match fault {
            Some(Fault::BlackHole) => continue,
            Some(Fault::Delay { by }) => tokio::time::sleep(by).await,
            _ => {}
        }
        let piece = buffer.get(..length).unwrap_or_default();
        if to.write_all(piece).await.is_err() {
            return;
        }
    }
}

/// Answers: from the upstream to the client.
async fn answer(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    shared: &Shared,
    mut plan: watch::Receiver<Plan>,
) -> End {
    let mut buffer = vec![0; PIECE];
    let mut number = plan.borrow().number;
    let mut passed = 0_u64;
    loop {
        let read = from.read(&mut buffer).await;
        let current = *plan.borrow_and_update();
        if current.number != number {
            (number, passed) = (current.number, 0);
        }
        let length = match read {
            Ok(0) => return End::Closed,
            Ok(length) => length,
            Err(_broken) => return End::Reset,
        };
        let piece = buffer.get(..length).unwrap_or_default();
        let room = current.fault.and_then(Fault::bound).map(|bound| {
            usize::try_from(bound.saturating_sub(passed))
                .unwrap_or(usize::MAX)
                .min(length)
        });
        let (part, bounded) = match room {
            Some(room) => (piece.get(..room).unwrap_or_default(), room < length),
            None => (piece, false),
        };
        passed = passed.saturating_add(u64::try_from(part.len()).unwrap_or(u64::MAX));
        if forward(&mut to, part, current.fault).await.is_err() {
            return End::Closed;
        }
        if bounded {
            shared.struck.fetch_add(1, Ordering::SeqCst);
            match current.fault {
                Some(Fault::Reset { .. }) => {
                    settle().await;
                    return End::Reset;
                }
                Some(Fault::Close { .. }) => return End::Closed,
                // Halted until the client gives up or somebody cuts it.
                _ => std::future::pending::<()>().await,
            }
        }
    }
}

/// Gives what was sent time to arrive: a reset overtakes what lies in the buffers.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(30)).await;
}

/// Hands a piece on, at the pace of the fault.
async fn forward(
    to: &mut (impl AsyncWrite + Unpin),
    piece: &[u8],
    fault: Option<Fault>,
) -> io::Result<()> {
    match fault {
        Some(Fault::BlackHole) => Ok(()),
        Some(Fault::Drip { bytes_per_second }) => {
            let pause =
                Duration::from_secs(1) / u32::try_from(bytes_per_second.max(1)).unwrap_or(u32::MAX);
            for byte in piece {
                tokio::time::sleep(pause).await;
                to.write_all(std::slice::from_ref(byte)).await?;
            }
            Ok(())
        }
        Some(Fault::Slice { bytes }) => {
            for part in piece.chunks(bytes.max(1)) {
                to.write_all(part).await?;
                tokio::task::yield_now().await;
            }
            Ok(())
        }
        Some(Fault::Delay { by }) => {
            tokio::time::sleep(by).await;
            to.write_all(piece).await
        }
        _ => to.write_all(piece).await,
    }
}
