//! Requests that are too large, too many, or not requests at all.

use std::io::Write as _;

use callweave_sandbox::Vendor;
use flate2::{Compression, write::GzEncoder};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::{exchange, memory, peak, status_of};
use crate::{
    outside::{Api, Stage},
    support::turn,
};

const GIB: u64 = 1 << 30;
/// What may come on top of what a gateway needs anyway, in KiB.
const ROOM_KIB: u64 = 64 * 1024;

/// Sends a body of a GiB, with its length or in chunks, until the gateway has heard enough.
async fn endless(api: &Api, chunked: bool) -> u16 {
    let mut stream = TcpStream::connect(api.address()).await.unwrap();
    let length = if chunked {
        "Transfer-Encoding: chunked".to_owned()
    } else {
        format!("Content-Length: {GIB}")
    };
    let head = format!(
        "POST /v1/calls HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\n{length}\r\n\r\n",
        api.key()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut from, mut to) = stream.into_split();
    let sending = tokio::spawn(async move {
        let mut piece = Vec::new();
        if chunked {
            piece.extend_from_slice(b"100000\r\n");
        }
        piece.resize(piece.len() + (1 << 20), b' ');
        if chunked {
            piece.extend_from_slice(b"\r\n");
        }
        for _ in 0..GIB >> 20 {
            if to.write_all(&piece).await.is_err() {
                return;
            }
        }
    });
    let mut begin = vec![0; 12];
    from.read_exact(&mut begin).await.unwrap();
    sending.abort();
    status_of(&String::from_utf8_lossy(&begin))
}

/// A GiB of zeros, in a MiB: many members, each of which unpacks to a MiB.
fn bomb() -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&vec![b'0'; 1 << 20]).unwrap();
    let member = encoder.finish().unwrap();
    member.repeat(usize::try_from(GIB >> 20).unwrap())
}

fn post(api: &Api, headers: &str, body: &[u8]) -> Vec<u8> {
    let mut request = format!(
        "POST /v1/calls HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n{headers}\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        api.key(),
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(body);
    request
}

fn get(api: &Api, target: &str, headers: &str) -> Vec<u8> {
    format!(
        "GET {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n{headers}\
         Connection: close\r\n\r\n",
        api.key()
    )
    .into_bytes()
}

fn many(number: usize, one: impl Fn(usize) -> String) -> String {
    (0..number).fold(String::new(), |all, number| all + &one(number))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_111_r21_floods_are_refused_in_little_memory() {
    let _turn = turn().await;
    let stage = Stage::new(2).await;
    let gateway = stage.gateway("api", &[]).await;
    let api = &gateway.api;
    let url = stage.sandbox.base_url();
    stage.connect(api, Vendor::CallGear, &url).await;
    api.get("/v1/calls").await;
    let pid = gateway.running.pid();
    let before = memory(pid);

    for chunked in [false, true] {
        assert_eq!(endless(api, chunked).await, 413, "chunked: {chunked}");
    }
    let bomb = bomb();
    let json = "Content-Type: application/json\r\n";
    let zipped = format!("{json}Content-Encoding: gzip\r\n");
    let deep = "[".repeat(10_000);
    let deep_object = format!(r#"{{"connection_id":{}"#, r#"{"a":"#.repeat(10_000));
    let headers = many(10_000, |n| format!("X-H-{n}: v\r\n"));
    let pairs = many(10_000, |n| format!("&k{n}=v"));
    let (long, longer) = ("a".repeat(60 * 1024), "a".repeat(128 * 1024));
    let repeated = "&status=ready".repeat(4_000);
    let cases: Vec<(&str, Vec<u8>, &[u16])> = vec![
        ("a gzip bomb", post(api, &zipped, &bomb), &[400, 413, 415]),
        ("deep arrays", post(api, json, deep.as_bytes()), &[400]),
        (
            "deep objects",
            post(api, json, deep_object.as_bytes()),
            &[400],
        ),
        ("10,000 headers", get(api, "/v1/calls", &headers), &[431]),
        (
            "a URL of 60 KiB",
            get(api, &format!("/v1/calls/{long}"), ""),
            &[400, 404, 414, 431],
        ),
        (
            "a URL of 128 KiB",
            get(api, &format!("/v1/calls?q={longer}"), ""),
            &[414, 431],
        ),
        (
            "10,000 unknown pairs",
            get(api, &format!("/v1/calls?limit=1{pairs}"), ""),
            &[400, 414, 431],
        ),
        (
            "4,000 times one pair",
            get(api, &format!("/v1/calls?limit=1{repeated}"), ""),
            &[400],
        ),
        ("limit=-1", get(api, "/v1/calls?limit=-1", ""), &[400]),
        ("limit=1e99", get(api, "/v1/calls?limit=1e99", ""), &[400]),
        (
            "NUL in the path",
            get(api, "/v1/calls/%00", ""),
            &[400, 404],
        ),
        ("NUL in the query", get(api, "/v1/calls?q=%00", ""), &[400]),
        ("a bare NUL", get(api, "/v1/calls/\0", ""), &[400]),
        (
            "no HTTP",
            b"\x16\x03\x01\x02\x00\x01\x00".repeat(100),
            &[400],
        ),
    ];
    let number = cases.len() + 2;
    for (what, request, statuses) in cases {
        // Without a key as well: what comes before the key is cheap.
        let text = String::from_utf8_lossy(&request);
        let keyless = text.replace("Authorization: Bearer ", "X-Not-A-Key: ");
        let keyless = exchange(api.address(), keyless.as_bytes()).await;
        let answer = exchange(api.address(), &request).await;
        let status = status_of(&answer);
        assert!(statuses.contains(&status), "{what}: {answer:.300}");
        assert!(
            (400..500).contains(&status_of(&keyless)),
            "{what}: {keyless:.300}"
        );
    }
    let grown = peak(pid).saturating_sub(before);
    println!(
        "R21 memory: {number} floods refused; {before} KiB before, at most {:.1} MiB more",
        f64::from(u32::try_from(grown).unwrap()) / 1024.0
    );
    assert!(grown < ROOM_KIB, "{grown} KiB more");
    api.get("/v1/calls").await;
}
