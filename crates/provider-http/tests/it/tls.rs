use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use callweave_provider::http_client::TransportError;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, pki_types::PrivatePkcs8KeyDer},
};

use crate::support::{BUDGET, Server, answer, get, scope, short, transport};

#[tokio::test]
async fn case_018_a_certificate_that_nobody_vouches_for_is_refused_and_nothing_is_sent() {
    let certified = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der());
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key.into())
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
                        .write_all(answer("200 OK", "", "{}").as_bytes())
                        .await;
                }
            }
        }
    })
    .await;
    let url = server.url("/").replace("http:", "https:");
    let client = transport(short()).for_connection(scope(&url, BUDGET));
    let error = client.send(get(&url)).await.unwrap_err();
    assert!(matches!(error, TransportError::Connect(_)), "{error:?}");
    assert!(server.connections() >= 1, "it was the certificate");
    assert_eq!(received.load(Ordering::SeqCst), 0);
}
