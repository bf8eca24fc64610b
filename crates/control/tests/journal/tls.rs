//! PostgreSQL over a network: by TLS that is verified, or by somebody's word that it need not be.

use control::journal::{JournalError, Reader, Store, StoreError};
use control::testing::{Cluster, Ledger, Place};

/// What TLS refuses, and the words for it.
async fn refused(address: &str) -> String {
    match Reader::open(Store::parse(address).unwrap()).await {
        Err(JournalError::Store(error @ StoreError::Tls { .. })) => error.to_string(),
        Err(error) => panic!("{address}: {error}"),
        Ok(_) => panic!("{address} was reached"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_is_written_over_tls_to_a_server_whose_authority_is_named() {
    let (cluster, ledger, place) = (Cluster::on_loopback(true), Ledger::new(1), Place::default());
    let address = cluster.database_at("localhost").await;
    let verified = format!("{address}?sslmode=verify-full");
    let said = refused(&verified).await;
    assert!(said.contains("sslrootcert=FILE"), "nobody vouches for it: {said}");

    let authority = cluster.authority().display().to_string();
    let named = format!("{verified}&sslrootcert={authority}");
    let store = Store::parse(&named).unwrap();
    let journal = place.open_node(&ledger, ledger.nodes[0], store).await.unwrap();
    ledger.found(&journal).await.unwrap();
    ledger.add_vendor(&journal, 1).await.unwrap();
    journal.close().await;

    let other_name = named.replace("localhost", "0.0.0.0");
    let said = refused(&other_name).await;
    assert!(said.contains("0.0.0.0"), "it is not certified under that name: {said}");
}

/// 0.0.0.0 reaches this machine and is not one of its loopback names: as a remote one is.
#[tokio::test(flavor = "multi_thread")]
async fn a_remote_server_without_tls_is_refused_unless_the_address_says_so() {
    let cluster = Cluster::on_loopback(false);
    let address = cluster.database_at("0.0.0.0").await;
    let said = refused(&address).await;
    assert!(said.contains("does not support TLS") && said.contains("sslmode=disable"), "{said}");
    for address in [
        format!("{address}?sslmode=disable"),
        format!("{address}?sslmode=prefer"),
        address.replace("0.0.0.0", "127.0.0.1"),
        address.replace("0.0.0.0", "localhost"),
    ] {
        Reader::open(Store::parse(&address).unwrap()).await.unwrap();
    }
}
