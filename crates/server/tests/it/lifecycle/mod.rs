//! How gateways end, and what they let clients do to them.

use std::fs;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

mod floods;
mod slow;
mod stopping;

/// The memory that a process has now, in KiB.
fn memory(pid: u32) -> u64 {
    figure(pid, "VmRSS:")
}

/// The most it has had.
fn peak(pid: u32) -> u64 {
    figure(pid, "VmHWM:")
}

fn figure(pid: u32, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with(name));
    let number = line.unwrap().split_whitespace().nth(1);
    number.unwrap().parse().unwrap()
}

/// Sends bytes as they are, and reads until the answer's end or the connection's.
async fn exchange(address: &str, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The gateway may answer and close before it has read everything.
    let _ = stream.write_all(bytes).await;
    read_answer(&mut stream).await
}

/// What comes until the connection closes, as far as it can be read.
async fn read_answer(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = stream.read(&mut buffer).await {
        answer.extend_from_slice(&buffer[..length]);
    }
    String::from_utf8_lossy(&answer).into_owned()
}

/// The status of an answer as it came over the wire.
fn status_of(answer: &str) -> u16 {
    let number = answer.split(' ').nth(1).unwrap_or_default();
    number.parse().unwrap_or(0)
}
