//! TLS: the system's trusted authorities, and those that the deployment adds.

use crate::gate::Error;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::path::PathBuf;
use std::sync::Arc;

/// How connections are encrypted.
///
/// # Errors
///
/// Permanent, if a file of the deployment holds no certificates.
pub(super) fn config(certificates: &[PathBuf]) -> Result<ClientConfig, Error> {
    let mut roots = RootCertStore::empty();
    // Where the system trusts nobody, a connection says that the other side is not trusted.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    for file in certificates {
        let unusable = |why: &str| Error::Permanent(format!("`{}` is no file of certificates: {why}", file.display()));
        let certificates = CertificateDer::pem_file_iter(file).map_err(|error| unusable(&error.to_string()))?;
        for certificate in certificates {
            let certificate = certificate.map_err(|error| unusable(&error.to_string()))?;
            roots.add(certificate).map_err(|error| unusable(&error.to_string()))?;
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| Error::Permanent(format!("TLS cannot be set up: {error}")))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
