use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use callweave_provider::http_client::TransportError;
use callweave_provider_http::check_certificates;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, pki_types::PrivatePkcs8KeyDer},
};

use crate::support::{BUDGET, Server, answer, get, scope, short, transport};

/// A vendor with a certificate, and how many bytes of requests reached it.
struct Vendor {
    server: Server,
    received: Arc<AtomicUsize>,
}

impl Vendor {
    async fn showing(certificate: &rcgen::Certificate, key: &KeyPair) -> Self {
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key.into())
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let received = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&received);
        let server = Server::start(move |_, peer| {
            let (acceptor, counter) = (acceptor.clone(), Arc::clone(&counter));
            async move {
                if let Ok(mut stream) = acceptor.accept(peer.stream).await {
                    let mut first = [0; 1];
                    if stream.read_exact(&mut first).await.is_ok() {
                        counter.fetch_add(1, Ordering::SeqCst);
                        let _written = stream
                            .write_all(answer("200 OK", "connection: close\r\n", "{}").as_bytes())
                            .await;
                    }
                }
            }
        })
        .await;
        Self { server, received }
    }

    /// Asks it, trusting the public authorities or this one.
    async fn ask(&self, ca_certificate: Option<String>) -> Result<u16, TransportError> {
        let url = self.server.url("/").replace("http:", "https:");
        let mut scope = scope(&url, BUDGET);
        scope.ca_certificate = ca_certificate;
        let client = transport(short()).for_connection(scope);
        Ok(client.send(get(&url)).await?.status.as_u16())
    }
}

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// The certificate as people hand it over.
fn pem(authority: &Authority) -> String {
    let encoded = STANDARD.encode(authority.der());
    format!("-----BEGIN CERTIFICATE-----\n{encoded}\n-----END CERTIFICATE-----\n")
}

fn params(name: &str) -> CertificateParams {
    CertificateParams::new(vec![name.to_owned()]).unwrap()
}

async fn signed(by: &Authority, params: CertificateParams) -> Vendor {
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, by).unwrap();
    Vendor::showing(&certificate, &key).await
}

#[tokio::test]
async fn case_018_a_certificate_that_nobody_vouches_for_is_refused_and_nothing_is_sent() {
    let certified = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let vendor = Vendor::showing(&certified.cert, &certified.signing_key).await;
    let error = vendor.ask(None).await.unwrap_err();
    assert!(matches!(error, TransportError::Connect(_)), "{error:?}");
    assert!(vendor.server.connections() >= 1, "it was the certificate");
    assert_eq!(vendor.received.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn case_018_another_authority_is_trusted_by_the_connection_that_names_it_only() {
    let (ours, other) = (authority(), authority());
    let vendor = signed(&ours, params("127.0.0.1")).await;
    assert_eq!(vendor.ask(Some(pem(&ours))).await.unwrap(), 200);
    for trusted in [None, Some(pem(&other))] {
        let error = vendor.ask(trusted).await.unwrap_err();
        assert!(matches!(error, TransportError::Connect(_)), "{error:?}");
    }
    let error = vendor.ask(Some("no certificate".to_owned())).await;
    let error = error.unwrap_err();
    assert!(
        matches!(error, TransportError::EgressDenied),
        "what cannot be read is not left out: {error:?}"
    );
    assert_eq!(vendor.received.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn case_018_an_expired_certificate_or_one_of_another_name_is_refused_whoever_signed_it() {
    let ours = authority();
    let mut expired = params("127.0.0.1");
    expired.not_before = date_time_ymd(2020, 1, 1);
    expired.not_after = date_time_ymd(2021, 1, 1);
    let mut early = params("127.0.0.1");
    early.not_before = date_time_ymd(2090, 1, 1);
    for wrong in [
        expired,
        early,
        params("vendor.example"),
        params("127.0.0.2"),
    ] {
        let vendor = signed(&ours, wrong).await;
        let error = vendor.ask(Some(pem(&ours))).await.unwrap_err();
        assert!(matches!(error, TransportError::Connect(_)), "{error:?}");
        assert!(vendor.server.connections() >= 1, "it was the certificate");
        assert_eq!(vendor.received.load(Ordering::SeqCst), 0);
    }
}

#[tokio::test]
async fn case_018_a_vendor_that_speaks_plain_text_is_not_asked_in_plain_text() {
    let server = Server::answering(answer("200 OK", "", "{}")).await;
    let url = server.url("/").replace("http:", "https:");
    let client = transport(short()).for_connection(scope(&url, BUDGET));
    let error = client.send(get(&url)).await.unwrap_err();
    assert!(matches!(error, TransportError::Connect(_)), "{error:?}");
    assert!(server.connections() >= 1);
    assert_eq!(server.requests(), 0, "no request came");
}

#[test]
fn what_is_no_certificate_is_told() {
    assert!(check_certificates(&pem(&authority())).is_ok());
    let two = format!("{}{}", pem(&authority()), pem(&authority()));
    assert!(check_certificates(&two).is_ok());
    let long = "-".repeat(100_000);
    for wrong in ["", "hello", "-----BEGIN CERTIFICATE-----", long.as_str()] {
        assert!(check_certificates(wrong).is_err(), "{wrong:.30}");
    }
}
