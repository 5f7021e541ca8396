//! The check of certificates.
