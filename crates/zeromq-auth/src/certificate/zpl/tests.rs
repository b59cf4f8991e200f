use super::*;
use crate::{CurveCertificate, CurveSecretCertificate};

/// The server's keys in libzmq's CURVE tests.
const PUBLIC: &str = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";
const SECRET: &str = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6";

fn secret(text: &str) -> Result<CurveSecretCertificate, CertificateError> {
    text.replace("PUBLIC", PUBLIC).replace("SECRET", SECRET).parse()
}

fn faulty_line(text: &str) -> (usize, LineProblem) {
    match secret(text) {
        Err(CertificateError::Line(LineError { line, problem })) => (line, problem),
        other => panic!("{other:?}"),
    }
}

/// `zcert_save` puts every value in quotation marks.
#[test]
fn czmq_certificate_is_read() {
    let read = secret(
        "#   ****  Generated on 2013-07-12 12:00:00 by CZMQ  ****\n\
         #   ZeroMQ CURVE **Secret** Certificate\n\
         \n\
         metadata\n    email = \"ph@imatix.com\"\n    name = \"Pieter Hintjens\"\n    version = \"1\"\n\
         curve\n    public-key = \"PUBLIC\"\n    secret-key = \"SECRET\"\n",
    )
    .unwrap();
    assert_eq!(read.public_key().to_string(), PUBLIC);
    assert_eq!(read.keys().secret_key().to_z85().as_str(), SECRET);
    assert_eq!(read.metadata().get("name").unwrap(), "Pieter Hintjens");
    assert_eq!(read.metadata().len(), 3);
}

#[test]
fn comments_quotes_and_extra_sections_parse() {
    let read = secret(
        "curve # the keys\r\n\tsecret-key='SECRET' # my own\r\n\tpublic-key   =   \"PUBLIC\"\r\n\
         metadata\n    plain = a#b c   # but not this\n    empty\n    none = # nothing\n\
         main\n    public-key = other\n    deep\n        secret-key = other\n",
    )
    .unwrap();
    let value = |name| read.metadata().get(name).map(|value| &value[..]);
    assert_eq!(value("plain"), Some(&b"a#b c"[..]));
    assert_eq!((value("empty"), value("none")), (Some(&b""[..]), Some(&b""[..])));
}

#[test]
fn certificate_error_names_line_not_key() {
    for (text, line) in [
        ("curve\n    public-key = \"PUBLIC\n", 2),
        ("curve\n    public-key = \"PUBLIC\" oh\n", 2),
        ("curve\n\n    = \"PUBLIC\"\n", 3),
        ("SECRET\n", 1),
    ] {
        assert_eq!(faulty_line(text), (line, LineProblem::Property), "{text}");
    }
    let (line, problem) = faulty_line("curve\n    secret-key = \"SECRETS\"\n");
    assert!(line == 2 && matches!(problem, LineProblem::Key(_)));
    assert!(!problem.to_string().contains(&SECRET[..5]));

    let error = secret("curve\n    public-key = \"PUBLIC\"\n").unwrap_err();
    assert_eq!(error, CertificateError::Missing { property: "secret-key", section: "curve" });
    let other = "0".repeat(40);
    let error = secret(&format!("curve\n    public-key = {other}\n    secret-key = SECRET\n"));
    assert_eq!(error.unwrap_err(), CertificateError::KeysDisagree);
}

#[test]
fn certificate_round_trips_through_text() {
    let mut certificate = CurveSecretCertificate::generate();
    for (name, value) in [("a", ""), ("b.c", "# 'x' #"), ("d", "\"y\""), ("e", " = ü ")] {
        certificate = certificate.with(name, value).unwrap();
    }
    assert_eq!(certificate.to_zpl().parse(), Ok(certificate.clone()));
    let public: CurveCertificate = certificate.to_zpl().parse().unwrap();
    assert_eq!(public.metadata(), certificate.metadata());
    assert_eq!(public.to_zpl().parse(), Ok(public.clone()));
    assert!(!public.to_zpl().contains("secret-key"));

    let odd: CurveCertificate =
        format!("metadata\n  a = it's \"odd\"\ncurve\n  public-key = {PUBLIC}").parse().unwrap();
    assert_eq!(odd.to_zpl().parse(), Ok(odd));
    for (name, value) in [("", "x"), ("a b", "x"), ("a=", "x"), ("a", "x\ny"), ("a", "'\"")] {
        assert!(certificate.clone().with(name, value).is_err(), "{name:?} {value:?}");
    }
}

#[cfg(feature = "noise")]
#[test]
fn certificate_belongs_to_one_mechanism() {
    let noise = crate::NoiseSecretCertificate::generate();
    assert_eq!(noise.to_zpl().parse(), Ok(noise.clone()));
    let error = noise.to_zpl().parse::<CurveCertificate>().unwrap_err();
    assert_eq!(error, CertificateError::Missing { property: "public-key", section: "curve" });
}
