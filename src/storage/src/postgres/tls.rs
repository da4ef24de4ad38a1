//! Whom to believe at the other end of the line.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::fault::{Done, Failure};

/// Which servers are spoken to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// Without TLS.
    InTheClear,
    /// Encrypted, whoever answers: keeps listeners out, not somebody in the middle.
    Anybody,
    /// One that proves its name with a certificate that the system trusts.
    KnownToTheSystem,
    /// One that proves its name with a certificate signed by one in this file.
    SignedBy(String),
}

/// What connects with TLS.
pub(crate) fn connector(trust: &Trust) -> Done<MakeRustlsConnect> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let fault = |error: rustls::Error| Failure::broken(format!("TLS to the database: {error}"));
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider));
    let builder = builder.with_safe_default_protocol_versions().map_err(fault)?;
    let config = match trust {
        Trust::InTheClear | Trust::Anybody => {
            let verifier = Arc::new(NoQuestions(provider));
            builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth()
        }
        Trust::KnownToTheSystem => builder.with_platform_verifier().map_err(fault)?.with_no_client_auth(),
        Trust::SignedBy(file) => builder.with_root_certificates(roots(file)?).with_no_client_auth(),
    };
    Ok(MakeRustlsConnect::new(config))
}

fn roots(file: &str) -> Done<RootCertStore> {
    let unreadable = |why: String| Failure::broken(format!("sslrootcert {file}: {why}"));
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| unreadable(error.to_string()))? {
        let certificate = certificate.map_err(|error| unreadable(error.to_string()))?;
        roots.add(certificate).map_err(|error| unreadable(error.to_string()))?;
    }
    if roots.is_empty() { Err(unreadable("no certificate in it".to_owned())) } else { Ok(roots) }
}

/// `sslmode=require`: the signature of the handshake is checked, whose it is not.
#[derive(Debug)]
struct NoQuestions(Arc<CryptoProvider>);

impl ServerCertVerifier for NoQuestions {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
