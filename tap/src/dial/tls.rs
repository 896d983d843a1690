//! TLS, and what a certificate that was refused says.

use std::{
    fmt,
    io::{self, ErrorKind},
    net::{Ipv4Addr, Ipv6Addr},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, Error, InvalidMessage,
    RootCertStore, SignatureScheme,
    client::{
        Resumption, WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};
use url::Host;
use x509_parser::{extensions::GeneralName, parse_x509_certificate};

use super::{Alpn, Cause};

/// What is wrong with TLS at a host.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsProblem {
    /// No trusted authority has issued the certificate.
    #[error("The certificate is not trusted: no authority that this system trusts has issued it.")]
    UnknownIssuer,
    /// The certificate is no longer valid.
    #[error("The certificate has expired.")]
    Expired,
    /// The certificate is not yet valid.
    #[error("The certificate is not valid yet.")]
    NotValidYet,
    /// The certificate is one for another name.
    #[error("The certificate is not for {0}.")]
    WrongName(String),
    /// The certificate is wrong in another way.
    #[error("The certificate is not valid: {0}.")]
    Certificate(String),
    /// The other end does not speak TLS.
    #[error("The other end does not speak TLS: perhaps the URL should begin with http://.")]
    NotTls,
    /// The other end ended the handshake.
    #[error("The other end refused the TLS handshake: {0}.")]
    Alert(String),
    /// The system has no certificates of authorities.
    #[error(
        "This system has no certificates of authorities, so that no server can be trusted{0}. The environment \
         variable SSL_CERT_FILE can name a file."
    )]
    NoRoots(String),
    /// Another problem.
    #[error("The TLS handshake failed: {0}.")]
    Other(String),
}

/// What a certificate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Whom it is for.
    pub subject: String,
    /// Who has issued it.
    pub issuer: String,
    /// The names and addresses that it is valid for.
    pub names: Vec<String>,
    /// The day from which it is valid, such as `2026-11-28`.
    pub not_before: String,
    /// The day until which it is valid.
    pub not_after: String,
}

impl fmt::Display for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = match &self.names[..] {
            [] => "no name".to_owned(),
            names if names.len() > 10 => {
                format!("{} and {} more", names[..10].join(", "), names.len() - 10)
            }
            names => names.join(", "),
        };
        let issuer = if self.issuer == self.subject {
            "itself"
        } else {
            &self.issuer
        };
        write!(
            f,
            "It is for {names}, issued to {} by {issuer}, valid from {} to {}.",
            self.subject, self.not_before, self.not_after
        )
    }
}

/// The certificates of the trusted authorities, loaded when they are first needed.
#[derive(Clone)]
pub(super) struct Roots(Arc<OnceLock<Result<Arc<RootCertStore>, TlsProblem>>>);

impl Roots {
    pub(super) fn of_the_system() -> Self {
        Self(Arc::default())
    }

    pub(super) fn these(roots: RootCertStore) -> Self {
        Self(Arc::new(OnceLock::from(Ok(Arc::new(roots)))))
    }

    fn get(&self) -> Result<Arc<RootCertStore>, TlsProblem> {
        self.0
            .get_or_init(|| {
                let loaded = rustls_native_certs::load_native_certs();
                let mut roots = RootCertStore::empty();
                roots.add_parsable_certificates(loaded.certs);
                if roots.is_empty() {
                    let error = loaded.errors.first().map(|error| format!(" ({error})"));
                    return Err(TlsProblem::NoRoots(error.unwrap_or_default()));
                }
                Ok(Arc::new(roots))
            })
            .clone()
    }
}

/// Completes a TLS handshake.
pub(super) async fn handshake(
    tcp: TcpStream,
    host: &Host<&str>,
    alpn: Alpn,
    roots: &Roots,
) -> Result<TlsStream<TcpStream>, Cause> {
    let without_certificate = |problem| Cause::Tls {
        problem,
        certificate: None,
    };
    let roots = roots.get().map_err(without_certificate)?;
    let provider = Arc::new(ring::default_provider());
    let other =
        |error: &dyn fmt::Display| without_certificate(TlsProblem::Other(error.to_string()));
    let inner = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider))
        .build()
        .map_err(|error| other(&error))?;
    let verifier = Arc::new(Verifier {
        inner,
        refused: Mutex::new(None),
    });
    let config = config(provider, Arc::clone(&verifier), alpn).map_err(|error| other(&error))?;
    let name = match host {
        Host::Domain(name) => ServerName::try_from((*name).to_owned()).map_err(|e| other(&e))?,
        Host::Ipv4(address) => ServerName::from(std::net::IpAddr::V4(*address)),
        Host::Ipv6(address) => ServerName::from(std::net::IpAddr::V6(*address)),
    };
    let connector = TlsConnector::from(Arc::new(config));
    match connector.connect(name, tcp).await {
        Ok(tls) => Ok(tls),
        Err(error) => Err(explain(error, host, verifier.refused())),
    }
}

fn config(
    provider: Arc<CryptoProvider>,
    verifier: Arc<Verifier>,
    alpn: Alpn,
) -> Result<ClientConfig, Error> {
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.alpn_protocols = match alpn {
        Alpn::Http1 => vec![b"http/1.1".to_vec()],
        Alpn::Http1Or2 => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
    };
    // Each connection shows the whole handshake, and how long it takes.
    config.resumption = Resumption::disabled();
    Ok(config)
}

fn explain(error: io::Error, host: &Host<&str>, refused: Option<Box<Certificate>>) -> Cause {
    match error.kind() {
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => return Cause::Reset,
        ErrorKind::UnexpectedEof => return Cause::Closed,
        _ => {}
    }
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    let Some(error) = inner else {
        return Cause::Io(error);
    };
    let problem = match error {
        Error::InvalidCertificate(invalid) => match invalid {
            CertificateError::UnknownIssuer => TlsProblem::UnknownIssuer,
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                TlsProblem::Expired
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                TlsProblem::NotValidYet
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                TlsProblem::WrongName(host.to_string())
            }
            // webpki refuses a self-signed certificate that may also sign others before it looks for the issuer.
            CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
                TlsProblem::UnknownIssuer
            }
            invalid => TlsProblem::Certificate(invalid.to_string()),
        },
        Error::InvalidMessage(
            InvalidMessage::InvalidContentType
            | InvalidMessage::UnknownProtocolVersion
            | InvalidMessage::MessageTooLarge,
        ) => TlsProblem::NotTls,
        Error::AlertReceived(alert) => TlsProblem::Alert(described(*alert)),
        error => TlsProblem::Other(error.to_string()),
    };
    Cause::Tls {
        problem,
        certificate: refused,
    }
}

/// The alerts that servers send most, in words.
fn described(alert: AlertDescription) -> String {
    match alert {
        AlertDescription::UnrecognisedName => "it has no certificate for this name".to_owned(),
        AlertDescription::ProtocolVersion => "it supports neither TLS 1.2 nor TLS 1.3".to_owned(),
        AlertDescription::HandshakeFailure => {
            "there is no cipher that both ends support".to_owned()
        }
        AlertDescription::CertificateRequired => {
            "it requires a certificate of the client".to_owned()
        }
        AlertDescription::NoApplicationProtocol => {
            "it supports no version of HTTP that is supported here".to_owned()
        }
        alert => format!("alert {alert:?}"),
    }
}

/// Checks certificates as usual, and keeps the one that it refuses.
#[derive(Debug)]
struct Verifier {
    inner: Arc<WebPkiServerVerifier>,
    refused: Mutex<Option<Box<Certificate>>>,
}

impl Verifier {
    fn refused(&self) -> Option<Box<Certificate>> {
        self.refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.inner
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
            .inspect_err(|_| {
                *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = read(end_entity);
            })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// Reads a certificate, if it can be read.
fn read(der: &[u8]) -> Option<Box<Certificate>> {
    let (_, certificate) = parse_x509_certificate(der).ok()?;
    let names = certificate.subject_alternative_name().ok().flatten();
    let names = names
        .iter()
        .flat_map(|extension| &extension.value.general_names);
    let day = |time: x509_parser::time::ASN1Time| time.to_datetime().date().to_string();
    Some(Box::new(Certificate {
        subject: certificate.subject().to_string(),
        issuer: certificate.issuer().to_string(),
        names: names.filter_map(name).collect(),
        not_before: day(certificate.validity().not_before),
        not_after: day(certificate.validity().not_after),
    }))
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => {
            let v4 = <[u8; 4]>::try_from(*bytes).map(|bytes| Ipv4Addr::from(bytes).to_string());
            let v6 = || <[u8; 16]>::try_from(*bytes).map(|bytes| Ipv6Addr::from(bytes).to_string());
            v4.or_else(|_| v6()).ok()
        }
        _ => None,
    }
}
