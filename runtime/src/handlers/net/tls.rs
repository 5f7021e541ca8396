//! TLS: the system's trusted authorities, and those that the deployment adds.

use crate::gate::Error;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::error::Error as StdError;
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
    for certificate in authorities(certificates)? {
        // They were looked at when they were read.
        roots.add_parsable_certificates([certificate]);
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| Error::Permanent(format!("TLS cannot be set up: {error}")))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

/// The certificates in files of the deployment, each of which could be trusted.
///
/// # Errors
///
/// Permanent, if a file cannot be read, holds no certificate, or one that is none.
pub(crate) fn authorities(files: &[PathBuf]) -> Result<Vec<CertificateDer<'static>>, Error> {
    let mut all = Vec::new();
    for file in files {
        let unusable = |why: &str| Error::Permanent(format!("`{}` is no file of certificates: {why}", file.display()));
        let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
        let found = found.map_err(|error| unusable(&error.to_string()))?;
        if found.is_empty() {
            return Err(unusable("there is none in it"));
        }
        for certificate in &found {
            let added = RootCertStore::empty().add(certificate.clone());
            added.map_err(|error| unusable(&error.to_string()))?;
        }
        all.extend(found);
    }
    Ok(all)
}

/// Why the other side is not trusted, if that is what a failure is about: it comes again.
pub(crate) fn distrust(error: &(dyn StdError + 'static)) -> Option<String> {
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(why @ (rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented)) =
            cause.downcast_ref()
        {
            return Some(why.to_string());
        }
        // What an error of the system holds is not among its sources.
        let held = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        next = match held {
            Some(held) => Some(held as &(dyn StdError + 'static)),
            None => cause.source(),
        };
    }
    None
}
