//! A vendor on an intranet, whose certificate is signed by an authority of its own.

use std::{net::SocketAddr, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use callweave_sandbox::Vendor;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, pki_types::PrivatePkcs8KeyDer},
};

use super::Stage;
use crate::support::turn;

/// TLS in front of the sandbox; gives its address and the authority in PEM.
async fn behind_tls(sandbox: SocketAddr) -> (SocketAddr, String) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["127.0.0.1".to_owned()])
        .unwrap()
        .signed_by(&key, &authority)
        .unwrap();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                if let Ok(mut stream) = acceptor.accept(stream).await {
                    let mut inner = TcpStream::connect(sandbox).await.unwrap();
                    // Either end may go as it likes.
                    let _ended = tokio::io::copy_bidirectional(&mut stream, &mut inner).await;
                }
            });
        }
    });
    let encoded = STANDARD.encode(authority.der());
    let pem = format!("-----BEGIN CERTIFICATE-----\n{encoded}\n-----END CERTIFICATE-----\n");
    (address, pem)
}

#[tokio::test]
async fn case_018_case_019_an_own_authority_and_an_inner_network_are_allowed_one_by_one() {
    let _turn = turn().await;
    let stage = Stage::new(2).await;
    let gateway = stage.gateway("api", &[]).await;
    let (address, authority) = behind_tls(stage.sandbox.address()).await;
    let accounts = stage
        .sandbox
        .world()
        .credentials(&format!("https://{address}"));
    let body = |vendor: Vendor, settings: Value| {
        let mut body = accounts[vendor.key()]["connection"].clone();
        body["name"] = json!("intranet");
        let known = body["settings"].as_object_mut().unwrap();
        known.extend(settings.as_object().unwrap().clone());
        body
    };
    let connect = async |body: Value| {
        let method = reqwest::Method::POST;
        gateway
            .api
            .send(method, "/v1/connections", Some(body))
            .await
    };
    let (status, made) =
        connect(body(Vendor::CallGear, json!({"ca_certificate": authority}))).await;
    assert_eq!((status, &made["state"]), (201, &json!("active")), "{made}");
    assert_eq!(made["settings"]["ca_certificate"], json!(authority));
    let id: uuid::Uuid = made["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(gateway.api.check(id).await["ok"], true);

    // Another connection does not profit by it.
    let (status, made) = connect(body(Vendor::Neuro, json!({}))).await;
    assert_eq!(
        (status, &made["state"]),
        (201, &json!("degraded")),
        "{made}"
    );
    assert_eq!(made["health"]["last_error"]["code"], "vendor.unreachable");

    for (settings, pointer) in [
        (
            json!({"ca_certificate": "trust me"}),
            "/settings/ca_certificate",
        ),
        (json!({"ca_certificate": 7}), "/settings/ca_certificate"),
        (
            json!({"base_url": "https://10.0.0.1"}),
            "/settings/base_url",
        ),
        (
            json!({"base_url": "http://169.254.169.254"}),
            "/settings/base_url",
        ),
        (json!({"base_url": "http://[::1]:80"}), "/settings/base_url"),
    ] {
        let (status, problem) = connect(body(Vendor::AloVoice, settings.clone())).await;
        assert_eq!(status, 422, "{settings}: {problem}");
        assert_eq!(
            problem["errors"][0]["pointer"], pointer,
            "{settings}: {problem}"
        );
    }
    let vendors = gateway.api.get("/v1/vendors").await;
    for vendor in vendors["data"].as_array().unwrap() {
        let fields = vendor["setting_fields"].as_array().unwrap();
        let told = fields
            .iter()
            .filter(|field| field["name"] == "ca_certificate");
        assert_eq!(told.count(), 1, "{}", vendor["key"]);
    }
}
