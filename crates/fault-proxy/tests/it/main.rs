//! The proxy, between plain sockets.
#![expect(
    clippy::unwrap_used,
    reason = "a helper that fails is to fail its test"
)]

use std::{io, time::Duration};

use callweave_fault_proxy::{Fault, FaultProxy, Upstream};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, UnixListener},
    time::timeout,
};

const PATIENCE: Duration = Duration::from_secs(20);
const LITTLE: Duration = Duration::from_millis(300);

/// Answers whatever comes with 100 bytes, on every connection.
async fn server() -> FaultProxy {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut question = [0; 64];
                while let Ok(1..) = stream.read(&mut question).await {
                    if stream.write_all(&[b'x'; 100]).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    FaultProxy::start(Upstream::Tcp(address)).unwrap()
}

/// Asks and reads so much of the answer.
async fn ask(stream: &mut TcpStream, length: usize) -> io::Result<Vec<u8>> {
    stream.write_all(b"?").await?;
    let mut answer = vec![0; length];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}

async fn asked(proxy: &FaultProxy) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(proxy.address()).await?;
    ask(&mut stream, 100).await
}

#[tokio::test]
async fn it_forwards_until_it_is_told_otherwise() {
    let proxy = server().await;
    assert_eq!(asked(&proxy).await.unwrap().len(), 100);
    proxy.set(Fault::Slice { bytes: 7 });
    assert_eq!(asked(&proxy).await.unwrap().len(), 100);
    proxy.set(Fault::Delay {
        by: Duration::from_millis(5),
    });
    assert_eq!(asked(&proxy).await.unwrap().len(), 100);
    assert_eq!((proxy.accepted(), proxy.struck()), (3, 0));
}

#[tokio::test]
async fn it_refuses_and_listens_again_on_the_same_port() {
    let proxy = server().await;
    let mut open = TcpStream::connect(proxy.address()).await.unwrap();
    ask(&mut open, 100).await.unwrap();
    for _ in 0..3 {
        proxy.set(Fault::Refuse);
        let refused = async {
            loop {
                match TcpStream::connect(proxy.address()).await {
                    Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => return,
                    // The port was just about to be shut.
                    _ => tokio::task::yield_now().await,
                }
            }
        };
        timeout(PATIENCE, refused).await.unwrap();
        proxy.lift();
        let served = async { while asked(&proxy).await.is_err() {} };
        timeout(PATIENCE, served).await.unwrap();
    }
    let broken = timeout(PATIENCE, ask(&mut open, 100)).await.unwrap();
    assert!(broken.is_err(), "what was open was reset");
}

#[tokio::test]
async fn it_lets_connects_hang() {
    let proxy = server().await;
    proxy.set(Fault::Hang);
    let hangs = async {
        while let Ok(Ok(_connected)) = timeout(LITTLE, TcpStream::connect(proxy.address())).await {}
    };
    timeout(PATIENCE, hangs).await.unwrap();
    proxy.lift();
    let served = async { while asked(&proxy).await.is_err() {} };
    timeout(PATIENCE, served).await.unwrap();
}

#[tokio::test]
async fn it_swallows_and_stalls_without_a_word() {
    let proxy = server().await;
    for fault in [Fault::BlackHole, Fault::Stall { after_bytes: 40 }] {
        proxy.set(fault);
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        let nothing = timeout(LITTLE, ask(&mut stream, 41)).await;
        assert!(nothing.is_err(), "{fault:?}: {nothing:?}");
    }
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    ask(&mut stream, 40).await.unwrap();
}

#[tokio::test]
async fn it_drips() {
    let proxy = server().await;
    proxy.set(Fault::Drip {
        bytes_per_second: 50,
    });
    let began = std::time::Instant::now();
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    ask(&mut stream, 20).await.unwrap();
    assert!(began.elapsed() >= Duration::from_millis(400));
}

#[tokio::test]
async fn it_resets_or_closes_after_so_many_bytes_of_each_connection() {
    let proxy = server().await;
    for (fault, kind) in [
        (
            Fault::Reset { after_bytes: 150 },
            io::ErrorKind::ConnectionReset,
        ),
        (
            Fault::Close { after_bytes: 150 },
            io::ErrorKind::UnexpectedEof,
        ),
    ] {
        proxy.set(fault);
        for _ in 0..2 {
            let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
            ask(&mut stream, 100).await.unwrap();
            ask(&mut stream, 50).await.unwrap();
            let mut one = [0; 1];
            let ended = timeout(PATIENCE, stream.read_exact(&mut one))
                .await
                .unwrap();
            assert_eq!(ended.unwrap_err().kind(), kind, "{fault:?}");
        }
    }
    assert_eq!(proxy.struck(), 4);
}

#[tokio::test]
async fn what_is_open_can_be_cut() {
    let proxy = server().await;
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    ask(&mut stream, 100).await.unwrap();
    proxy.sever();
    let mut one = [0; 1];
    let ended = timeout(PATIENCE, stream.read_exact(&mut one))
        .await
        .unwrap();
    assert_eq!(ended.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    asked(&proxy).await.unwrap();
    while proxy.open() > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn it_leads_to_a_unix_socket() {
    let path = std::env::temp_dir().join(format!("fault-proxy-{}.sock", std::process::id()));
    let listener = UnixListener::bind(&path).unwrap();
    let served = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"hello").await.unwrap();
    });
    let proxy = FaultProxy::start(Upstream::Unix(path.clone())).unwrap();
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).await.unwrap();
    served.await.unwrap();
    std::fs::remove_file(path).unwrap();
    assert_eq!(said, "hello");
}
