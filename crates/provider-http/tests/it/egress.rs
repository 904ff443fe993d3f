use std::{
    io,
    net::IpAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use callweave_model::SystemClock;
use callweave_provider::http_client::TransportError;
use callweave_provider_http::{
    HttpTransport, Limits,
    egress::{EgressError, Guard, NameLookup},
};

use crate::support::{BUDGET, Server, answer, get, guard, scope, short, transport};

/// Spellings that lead, or would lead some reader, to where the gateway must not go.
const REFUSED: &[&str] = &[
    // loopback, in every spelling
    "http://127.0.0.1/",
    "http://127.0.0.1:80/",
    "http://127.0.0.1:22/",
    "http://127.0.0.1:5432/",
    "https://127.0.0.1:8443/x?y#z",
    "http://127.1/",
    "http://127.0.1/",
    "http://127.255.255.254/",
    "http://127.0.0.1./",
    "http://0x7f.1/",
    "http://0x7f.0x0.0x0.0x1/",
    "http://0x7f000001/",
    "http://0X7F000001/",
    "http://0x7f.0.0.1/",
    "http://2130706433/",
    "http://017700000001/",
    "http://0177.0.0.1/",
    "http://0177.0.0.01/",
    "http://00000177.0.0.1/",
    "http://127.0x0.0.1/",
    "http://127.0.0.0x1/",
    "http://%31%32%37.0.0.1/",
    "http://127%2e0%2e0%2e1/",
    "http://１２７.０.０.１/",
    "http://127。0。0。1/",
    "http://①②⑦.⓪.⓪.①/",
    "http://𝟏𝟐𝟕.𝟎.𝟎.𝟏/",
    "HTTP://127.0.0.1/",
    "hTtPs://127.0.0.1/",
    "http://[::1]/",
    "http://[::1]:8080/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[0000:0000:0000:0000:0000:0000:0000:0001]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[0:0:0:0:0:ffff:127.0.0.1]/",
    "http://[::127.0.0.1]/",
    "http://[::7f00:1]/",
    "http://[::ffff:0:127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b::127.0.0.1]/",
    "http://[64:ff9b:1::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[2002:7f00:0001::1]/",
    // nothing, this network, broadcast
    "http://0/",
    "http://0.0.0.0/",
    "http://0.0.0.0:8080/",
    "http://0x0/",
    "http://00000/",
    "http://0.1.2.3/",
    "http://[::]/",
    "http://[::ffff:0.0.0.0]/",
    "http://255.255.255.255/",
    "http://4294967295/",
    // private networks
    "http://10.0.0.1/",
    "http://10.255.255.255/",
    "http://167772161/",
    "http://0xa000001/",
    "http://012.0.0.1/",
    "http://10.1/",
    "http://172.16.0.1/",
    "http://172.31.255.255/",
    "http://2886729729/",
    "http://192.168.0.1/",
    "http://192.168.1/",
    "http://3232235521/",
    "http://0300.0250.0.1/",
    "http://0xc0.0xa8.0.1/",
    "http://[::ffff:10.0.0.1]/",
    "http://[::ffff:a00:1]/",
    "http://[::ffff:192.168.0.1]/",
    "http://[::10.0.0.1]/",
    "http://[64:ff9b::10.0.0.1]/",
    "http://[64:ff9b::a00:1]/",
    "http://[64:ff9b::c0a8:1]/",
    "http://[2002:a00:1::]/",
    "http://[2002:c0a8:1::1]/",
    "http://[2002:ac10:1::]/",
    "http://[fc00::1]/",
    "http://[fd00::1]/",
    "http://[fd12:3456:789a:1::1]/",
    "http://[fec0::1]/",
    // link-local and what clouds answer from inside
    "http://169.254.0.1/",
    "http://169.254.169.254/",
    "http://169.254.169.254/latest/meta-data/",
    "http://2852039166/",
    "http://0xa9fea9fe/",
    "http://0251.0376.0251.0376/",
    "http://169.254.43518/",
    "http://[::ffff:169.254.169.254]/",
    "http://[::ffff:a9fe:a9fe]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://[2002:a9fe:a9fe::]/",
    "http://[fd00:ec2::254]/",
    "http://168.63.129.16/",
    "http://100.100.100.200/",
    "http://192.0.0.192/",
    "http://[fe80::1]/",
    "http://[fe80::1%eth0]/",
    "http://[fe80::1%25eth0]/",
    "http://[febf::1]/",
    // shared, test, documentation, relay, multicast, reserved
    "http://100.64.0.1/",
    "http://100.127.255.255/",
    "http://198.18.0.1/",
    "http://198.19.255.255/",
    "http://192.0.0.1/",
    "http://192.0.2.1/",
    "http://198.51.100.1/",
    "http://203.0.113.1/",
    "http://192.88.99.1/",
    "http://224.0.0.1/",
    "http://239.255.255.255/",
    "http://240.0.0.1/",
    "http://[ff02::1]/",
    "http://[ff0e::1]/",
    "http://[2001:db8::1]/",
    "http://[2001::1]/",
    "http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
    "http://[2001:10::1]/",
    "http://[2001:20::1]/",
    "http://[3fff::1]/",
    "http://[5f00::1]/",
    "http://[100::1]/",
    "http://[4000::1]/",
    "http://[2606:4700::5efe:10.0.0.1]/",
    "http://[2606:4700::200:5efe:192.168.0.1]/",
    // names that never lead outside
    "http://localhost/",
    "http://localhost./",
    "http://localhost:5432/",
    "http://LOCALHOST/",
    "http://ｌｏｃａｌｈｏｓｔ/",
    "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/",
    "http://loc%61lhost/",
    "http://api.localhost/",
    "http://localhost.localdomain/",
    "http://ip6-localhost/",
    "http://ip6-loopback/",
    "http://postgres/",
    "http://kubernetes/",
    "http://printer.local/",
    "http://metadata.google.internal/",
    "http://metadata.google.internal./computeMetadata/v1/",
    "http://router.home.arpa/",
    "http://crm.corp/",
    "http://nas.lan/",
    // user names and passwords
    "http://user@vendor.example/",
    "http://user:pass@vendor.example/",
    "http://:pass@vendor.example/",
    "http://vendor.example@127.0.0.1/",
    "http://vendor.example:80@169.254.169.254/",
    "http://127.0.0.1#@vendor.example/",
    "http://vendor.example%40127.0.0.1/",
    // other schemes, and none
    "ftp://vendor.example/",
    "file:///etc/passwd",
    "gopher://vendor.example:70/_x",
    "dict://vendor.example:11211/",
    "ldap://vendor.example/",
    "ws://vendor.example/",
    "wss://vendor.example/",
    "javascript:alert(1)",
    "data:text/plain,x",
    "unix:/var/run/docker.sock",
    "jar:http://vendor.example!/",
    "//vendor.example/",
    "/calls",
    "vendor.example",
    "vendor.example:443/path",
    "",
    // what readers understand differently
    "http:vendor.example/",
    "http:/vendor.example/",
    "http:///vendor.example/",
    "https:////127.0.0.1/",
    "http:\\\\127.0.0.1\\",
    "http://vendor.example\\@127.0.0.1/",
    "http://127.0.0.1\\.vendor.example/",
    "http://vendor.example/\r\nHost: inner",
    "http://vendor.example/%0d%0a\r\n",
    "http://vendor.example\r\n.evil/",
    "http://vendor.example\t/",
    "http://127.0.\t0.1/",
    "ht\ntp://127.0.0.1/",
    " http://127.0.0.1/",
    "http://127.0.0.1 /",
    "http://vendor.example/a b",
    "http://\u{0}127.0.0.1/",
    "http://vendor.example\u{2028}/",
    // hosts and ports that are none
    "http://",
    "http://:80/",
    "http://?x",
    "http://#x",
    "http://[]/",
    "http://[::1/",
    "http://[127.0.0.1]/",
    "http://vendor.example:0/",
    "http://vendor.example:65536/",
    "http://vendor.example:-1/",
    "http://vendor.example:http/",
    "http://256.256.256.256/",
    "http://1.2.3.4.5/",
    "http://0x100000000/",
    "http://08.0.0.1/",
    "http://127.0.0.1.1/",
    "http://a..b/",
    "http://exa<mple.com/",
    "http://xn--/",
];

const ALLOWED: &[&str] = &[
    "https://api.vendor.example/v1",
    "http://api.vendor.example:8080/",
    "https://vendor.example./",
    "https://xn--e1afmkfd.example/",
    "https://пример.example/",
    "https://8.8.8.8/",
    "http://1.1.1.1:8080/x?y=z",
    "https://134744072/",
    "https://172.15.255.255/",
    "https://172.32.0.1/",
    "https://100.63.255.255/",
    "https://100.128.0.1/",
    "https://[2606:4700:4700::1111]/",
    "https://[64:ff9b::808:808]/",
    "https://[2002:808:808::1]/",
    "https://[::ffff:8.8.8.8]/",
    "https://local.vendor.example/",
    "https://mylocalhost.example/",
];

#[test]
fn case_092_every_spelling_of_a_closed_address_is_refused_when_it_is_entered() {
    assert!(REFUSED.len() >= 120, "{}", REFUSED.len());
    let guard = Guard::new([]);
    let passed: Vec<_> = REFUSED
        .iter()
        .filter(|url| guard.check_url(url).is_ok())
        .collect();
    assert!(passed.is_empty(), "{passed:#?}");
    for url in ALLOWED {
        assert_eq!(guard.check_url(url), Ok(()), "{url}");
    }
}

#[test]
fn case_092_an_error_tells_the_reason_and_no_part_of_the_address() {
    let guard = Guard::new([]);
    for (url, reason) in [
        ("http://127.0.0.1/", EgressError::Forbidden),
        ("ftp://vendor.example/", EgressError::Scheme),
        ("http://canary@vendor.example/", EgressError::UserInfo),
        (
            "http://vendor.example/canary\r\n",
            EgressError::ForbiddenCharacter,
        ),
        ("http://vendor.example:0/", EgressError::Host),
        ("canary", EgressError::Malformed),
    ] {
        let error = guard.check_url(url).unwrap_err();
        assert_eq!(error, reason, "{url}");
        assert!(!format!("{error}{error:?}").contains("canary"));
    }
}

#[tokio::test]
async fn case_092_every_spelling_is_refused_again_when_it_is_sent_and_nothing_is_looked_up() {
    let names = Names::answering(vec![vec!["127.0.0.1".parse().unwrap()]]);
    let transport = guarded(&names, &[]);
    for url in REFUSED {
        // What cannot even stand in a request is not sent either.
        let Ok(uri) = url.parse::<http::Uri>() else {
            continue;
        };
        let mut request = get("http://127.0.0.1/");
        *request.request.uri_mut() = uri;
        let mut everywhere = scope("http://vendor.example", BUDGET);
        everywhere.base_url = None;
        let error = transport
            .for_connection(everywhere)
            .send(request)
            .await
            .unwrap_err();
        assert!(
            matches!(error, TransportError::EgressDenied),
            "{url}: {error:?}"
        );
    }
    assert_eq!(names.asked.load(Ordering::SeqCst), 0);
}

/// Names with scripted answers; the last one stays.
#[derive(Debug)]
struct Names {
    answers: Mutex<Vec<Vec<IpAddr>>>,
    asked: AtomicUsize,
}

impl Names {
    fn answering(mut answers: Vec<Vec<IpAddr>>) -> Arc<Self> {
        answers.reverse();
        Arc::new(Self {
            answers: Mutex::new(answers),
            asked: AtomicUsize::new(0),
        })
    }
}

#[async_trait]
impl NameLookup for Names {
    async fn lookup(&self, _host: &str) -> io::Result<Vec<IpAddr>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let mut answers = self.answers.lock().unwrap();
        let next = if answers.len() > 1 {
            answers.pop()
        } else {
            answers.last().cloned()
        };
        Ok(next.unwrap_or_default())
    }
}

fn guarded(names: &Arc<Names>, allowed: &[&str]) -> HttpTransport {
    let lookup: Arc<dyn NameLookup> = Arc::<Names>::clone(names);
    let networks = allowed.iter().map(|network| network.parse().unwrap());
    let guard = Guard::with_lookup(networks, lookup);
    HttpTransport::new(short(), guard, Arc::new(SystemClock)).unwrap()
}

#[tokio::test]
async fn case_092_a_name_that_leads_inside_is_refused_before_it_is_dialled() {
    let server = Server::answering(answer("200 OK", "", "{}")).await;
    for inner in [
        "127.0.0.1",
        "::1",
        "::ffff:127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "fe80::1",
    ] {
        let names = Names::answering(vec![vec![inner.parse().unwrap()]]);
        let url = format!("http://127-0-0-1.vendor.example:{}/", server.port);
        let client = guarded(&names, &[]).for_connection(scope(&url, BUDGET));
        let error = client.send(get(&url)).await.unwrap_err();
        assert!(
            matches!(error, TransportError::EgressDenied),
            "{inner}: {error:?}"
        );
        assert_eq!(
            names.asked.load(Ordering::SeqCst),
            1,
            "refused once, not repeated"
        );
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn case_093_the_address_that_was_checked_is_the_address_that_is_dialled() {
    // 127.0.0.2 plays the public address; 127.0.0.1 is what the name leads to on the second look.
    let server = Server::answering(answer("200 OK", "connection: close\r\n", "{}")).await;
    let names = Names::answering(vec![
        vec!["127.0.0.2".parse().unwrap()],
        vec!["127.0.0.1".parse().unwrap()],
    ]);
    let url = format!("http://rebinding.vendor.example:{}/", server.port);
    let mut once = scope(&url, BUDGET);
    once.limits = Some(Limits {
        retries: 0,
        ..short().limits
    });
    let client = guarded(&names, &["127.0.0.2/32"]).for_connection(once);
    let first = client.send(get(&url)).await.unwrap_err();
    assert!(
        matches!(first, TransportError::Connect(_)),
        "dialled as checked: {first:?}"
    );
    let second = client.send(get(&url)).await.unwrap_err();
    assert!(matches!(second, TransportError::EgressDenied), "{second:?}");
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn case_094_of_a_name_with_open_and_closed_addresses_only_the_open_ones_are_used() {
    let server = Server::answering(answer("200 OK", "", "{}")).await;
    let both = vec![
        "10.0.0.1".parse().unwrap(),
        "127.0.0.1".parse().unwrap(),
        "::1".parse().unwrap(),
    ];
    let names = Names::answering(vec![both]);
    let url = format!("http://mixed.vendor.example:{}/", server.port);
    let client = guarded(&names, &["127.0.0.1/32"]).for_connection(scope(&url, BUDGET));
    assert_eq!(client.send(get(&url)).await.unwrap().status.as_u16(), 200);
    let lookup: Arc<dyn NameLookup> = Arc::<Names>::clone(&names);
    let guard = Guard::with_lookup(["127.0.0.1/32".parse().unwrap()], lookup);
    let kept = guard.resolve("mixed.vendor.example").await.unwrap();
    assert_eq!(kept, ["127.0.0.1".parse::<IpAddr>().unwrap()]);
}

#[tokio::test]
async fn case_019_an_inner_address_works_only_where_the_operator_allows_its_network() {
    let server = Server::answering(answer("200 OK", "", "{}")).await;
    let closed = HttpTransport::new(short(), Guard::new([]), Arc::new(SystemClock)).unwrap();
    let client = closed.for_connection(scope(&server.url(""), BUDGET));
    let error = client.send(get(&server.url("/"))).await.unwrap_err();
    assert!(matches!(error, TransportError::EgressDenied), "{error:?}");
    assert_eq!(server.connections(), 0);
    server.client().send(get(&server.url("/"))).await.unwrap();
    assert!(
        guard().check_url("http://localhost:8080/").is_ok(),
        "DNS decides"
    );
    assert!(
        guard().check_url("http://[::ffff:127.0.0.1]/").is_ok(),
        "the same address"
    );
    assert!(
        guard().check_url("http://[64:ff9b::7f00:1]/").is_err(),
        "a way round is not"
    );
    assert!(guard().check_url("http://10.0.0.1/").is_err());
}

#[tokio::test]
async fn case_017_a_request_beside_the_connection_s_host_is_not_sent() {
    let (home, other) = (
        Server::answering(answer("200 OK", "", "{}")).await,
        Server::answering(answer("200 OK", "", "{}")).await,
    );
    let client = home.client();
    for url in [
        other.url("/"),
        home.url("/").replace("127.0.0.1", "127.0.0.2"),
    ] {
        let error = client.send(get(&url)).await.unwrap_err();
        assert!(matches!(error, TransportError::EgressDenied), "{error:?}");
    }
    let unreadable = transport(short()).for_connection(scope("not a url", BUDGET));
    let error = unreadable.send(get(&home.url("/"))).await.unwrap_err();
    assert!(matches!(error, TransportError::EgressDenied), "{error:?}");
    assert_eq!((home.connections(), other.connections()), (0, 0));
}

#[tokio::test]
async fn case_020_a_name_that_leads_nowhere_is_a_failed_connect() {
    let names = Names::answering(vec![Vec::new(), vec!["127.0.0.1".parse().unwrap()]]);
    let server = Server::answering(answer("200 OK", "", "{}")).await;
    let url = format!("http://late.vendor.example:{}/", server.port);
    let client = guarded(&names, &["127.0.0.0/8"]).for_connection(scope(&url, BUDGET));
    let answer = client.send(get(&url)).await.unwrap();
    assert_eq!(
        answer.status.as_u16(),
        200,
        "asked anew at once: failures are not remembered"
    );
}

#[tokio::test]
async fn case_020_a_name_whose_addresses_change_is_followed_at_the_next_attempt() {
    let server = Server::answering(answer("200 OK", "connection: close\r\n", "{}")).await;
    let names = Names::answering(vec![
        vec!["127.0.0.1".parse().unwrap()],
        vec!["127.0.0.2".parse().unwrap()],
        vec!["127.0.0.1".parse().unwrap()],
    ]);
    let url = format!("http://moving.vendor.example:{}/", server.port);
    let mut once = scope(&url, BUDGET);
    once.limits = Some(Limits {
        retries: 0,
        ..short().limits
    });
    let client = guarded(&names, &["127.0.0.0/8"]).for_connection(once);
    client.send(get(&url)).await.unwrap();
    let error = client.send(get(&url)).await.unwrap_err();
    assert!(matches!(error, TransportError::Connect(_)), "{error:?}");
    client.send(get(&url)).await.unwrap();
    assert_eq!(server.requests(), 2);
    assert_eq!(
        names.asked.load(Ordering::SeqCst),
        3,
        "no answer is kept beyond its connection"
    );
}

#[tokio::test]
async fn case_020_of_a_name_with_both_kinds_of_addresses_one_that_works_is_found() {
    let server = Server::answering(answer("200 OK", "", "{}")).await;
    let both = vec!["::1".parse().unwrap(), "127.0.0.1".parse().unwrap()];
    let names = Names::answering(vec![both]);
    let url = format!("http://both.vendor.example:{}/", server.port);
    let client = guarded(&names, &["127.0.0.0/8", "::1/128"]).for_connection(scope(&url, BUDGET));
    assert_eq!(client.send(get(&url)).await.unwrap().status, 200);
}

#[tokio::test]
async fn case_020_a_name_with_ipv6_addresses_only_is_reached() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("[::1]:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = [0; 1024];
        let _read = stream.read(&mut head).await;
        let told = answer("200 OK", "connection: close\r\n", "{}");
        stream.write_all(told.as_bytes()).await.unwrap();
    });
    let names = Names::answering(vec![vec!["::1".parse().unwrap()]]);
    let url = format!("http://six.vendor.example:{port}/");
    let client = guarded(&names, &["::1/128"]).for_connection(scope(&url, BUDGET));
    assert_eq!(client.send(get(&url)).await.unwrap().status, 200);
}

/// A resolver that never answers.
#[derive(Debug)]
struct Silent;

#[async_trait]
impl NameLookup for Silent {
    async fn lookup(&self, _host: &str) -> io::Result<Vec<IpAddr>> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn case_020_a_resolver_that_never_answers_ends_in_the_time_to_connect() {
    let guard = Guard::with_lookup(["127.0.0.0/8".parse().unwrap()], Arc::new(Silent));
    let mut config = short();
    config.limits.total = std::time::Duration::from_secs(30);
    let transport = HttpTransport::new(config, guard, Arc::new(SystemClock)).unwrap();
    let url = "http://silent.vendor.example/";
    let client = transport.for_connection(scope(url, BUDGET));
    let began = std::time::Instant::now();
    let error = client.send(get(url)).await.unwrap_err();
    assert!(matches!(error, TransportError::Connect(_)), "{error:?}");
    assert!(began.elapsed() < std::time::Duration::from_secs(15));
}

#[tokio::test]
async fn case_095_a_proxy_in_the_environment_is_ignored() {
    // The environment of this process cannot be changed safely while tests run: this test runs
    // itself in a child.
    if let Some((_, url)) = std::env::vars().find(|(name, _)| name == "CALLWEAVE_TEST_URL") {
        return ask(&url).await;
    }
    let proxy = Server::answering(answer("200 OK", "", "{}")).await;
    let home = Server::answering(answer("200 OK", "", "{}")).await;
    let child = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "egress::case_095_a_proxy_in_the_environment_is_ignored",
        ])
        .envs(
            ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"]
                .map(|name| (name, proxy.url(""))),
        )
        .env("CALLWEAVE_TEST_URL", home.url("/"))
        .output()
        .await
        .unwrap();
    assert!(
        child.status.success(),
        "{}",
        String::from_utf8_lossy(&child.stdout)
    );
    assert_eq!((home.requests(), proxy.connections()), (1, 0));
}

/// What the child of case 95 does.
async fn ask(url: &str) {
    let client = transport(short()).for_connection(scope(url, BUDGET));
    assert_eq!(client.send(get(url)).await.unwrap().status.as_u16(), 200);
}
