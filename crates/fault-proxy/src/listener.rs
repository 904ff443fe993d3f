//! A port that is kept whether or not anybody listens on it.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// The queue of a listener that answers.
const QUEUE: u32 = 1024;
/// How long a connect that fills the queue may take; one that takes longer found it full.
const FULL: Duration = Duration::from_millis(200);

/// A port of the loopback that is ours until this value goes: its socket is bound and never
/// listens, so that nobody else takes the port while connects are to be refused.
#[derive(Debug)]
pub(crate) struct Port {
    address: SocketAddr,
    _reserved: TcpSocket,
}

impl Port {
    pub(crate) fn reserve() -> io::Result<Self> {
        let reserved = socket(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        Ok(Self {
            address: reserved.local_addr()?,
            _reserved: reserved,
        })
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Listens.
    pub(crate) fn listen(&self) -> io::Result<TcpListener> {
        socket(self.address)?.listen(QUEUE)
    }

    /// Listens with a queue that is full, so that connects hang for as long as both values live.
    pub(crate) async fn hang(&self) -> io::Result<(TcpListener, Vec<TcpStream>)> {
        let listener = socket(self.address)?.listen(1)?;
        let mut held = Vec::new();
        while let Ok(connected) = tokio::time::timeout(FULL, TcpStream::connect(self.address)).await
        {
            held.push(connected?);
        }
        Ok((listener, held))
    }
}

fn socket(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    // Lets the reserving and the listening socket share the port.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}
