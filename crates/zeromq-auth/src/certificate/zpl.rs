//! The text form of certificates: ZPL (4/ZPL) with the sections `metadata` and `curve` or `noise`.

use std::fmt::Write;
use std::str::FromStr;

use zeroize::Zeroizing;
use zeromq_async::security::KeyError;
use zeromq_async::{Metadata, MetadataError};

use crate::error::{CertificateError, LineError, LineProblem};

/// A property cannot be added to a certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PropertyError {
    /// The name is not a ZPL name.
    #[error("{0:?} is not a property name; use letters, digits and any of $-_@.&+/")]
    Name(String),

    /// The value cannot be quoted.
    #[error("the value of {0:?} must not contain control characters, or both \" and '")]
    Value(String),

    /// ZMTP metadata cannot contain the property.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
}

/// The parsed properties of a certificate.
pub(super) struct Properties<'a> {
    section: &'static str,
    /// The line number, name and value of each property in `section`.
    keys: Vec<(usize, &'a str, &'a str)>,
    pub(super) metadata: Metadata,
}

impl<'a> Properties<'a> {
    /// Parses a certificate that has its keys in `section`.
    pub(super) fn parse(text: &'a str, section: &'static str) -> Result<Self, LineError> {
        let mut properties = Self { section, keys: Vec::new(), metadata: Metadata::new() };
        let mut current = "";
        for (number, line) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
            let Some(line) = Line::parse(line).map_err(|problem| problem.at(number))? else {
                continue;
            };
            let Line { indented, name, value } = line;
            if !indented {
                current = name;
            } else if current == section {
                properties.keys.push((number, name, value));
            } else if current == "metadata" {
                let inserted = properties.metadata.insert(name, value.to_owned());
                inserted.map_err(|_| LineProblem::Property.at(number))?;
            }
        }
        Ok(properties)
    }

    pub(super) fn key<K: FromStr<Err = KeyError>>(
        &self,
        property: &'static str,
    ) -> Result<K, CertificateError> {
        match self.keys.iter().find(|(_, name, _)| *name == property) {
            None => Err(CertificateError::Missing { property, section: self.section }),
            Some((number, _, value)) => {
                value.parse().map_err(|error| LineProblem::Key(error).at(*number).into())
            }
        }
    }
}

/// One line.
struct Line<'a> {
    indented: bool,
    name: &'a str,
    value: &'a str,
}

impl<'a> Line<'a> {
    /// Parses a line. Returns `None` for an empty line or a comment.
    fn parse(line: &'a str) -> Result<Option<Self>, LineProblem> {
        let indented = line.starts_with([' ', '\t']);
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            return Ok(None);
        }
        let end = line.find(|c| !is_name(c)).unwrap_or(line.len());
        let (name, rest) = line.split_at(end);
        let value = match rest.trim_start().strip_prefix('=') {
            Some(value) => without_comment(value.trim_start())?,
            None if rest.is_empty() || rest.trim_start().starts_with('#') => "",
            None => return Err(LineProblem::Property),
        };
        if name.is_empty() {
            Err(LineProblem::Property)
        } else {
            Ok(Some(Self { indented, name, value }))
        }
    }
}

/// Removes the quotation marks of a value and the comment after it.
fn without_comment(value: &str) -> Result<&str, LineProblem> {
    if let Some(quote) = value.chars().next().filter(|first| matches!(first, '"' | '\'')) {
        let (quoted, rest) = value[1..].split_once(quote).ok_or(LineProblem::Property)?;
        let ends = matches!(rest.trim_start().chars().next(), None | Some('#'));
        return if ends { Ok(quoted) } else { Err(LineProblem::Property) };
    }
    // As in CZMQ, a comment begins after a space. A '#' within a word belongs to the word.
    let comment = value.match_indices('#').map(|(at, _)| at);
    let begins = |at: &usize| value[..*at].is_empty() || value[..*at].ends_with([' ', '\t']);
    Ok(value[..comment.into_iter().find(begins).unwrap_or(value.len())].trim_end())
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || "$-_@.&+/".contains(c)
}

/// Checks that a property can be written and read back.
pub(super) fn check(name: &str, value: &str) -> Result<(), PropertyError> {
    if name.is_empty() || !name.chars().all(is_name) {
        return Err(PropertyError::Name(name.to_owned()));
    }
    let both_quotes = value.contains('"') && value.contains('\'');
    if both_quotes || value.chars().any(char::is_control) {
        return Err(PropertyError::Value(name.to_owned()));
    }
    Ok(())
}

/// The contents of a certificate to write.
pub(super) struct Contents<'a> {
    pub(super) section: &'static str,
    pub(super) public_key: String,
    pub(super) secret_key: Option<Zeroizing<String>>,
    pub(super) metadata: &'a Metadata,
}

impl Contents<'_> {
    pub(super) fn to_zpl(&self) -> Zeroizing<String> {
        // A reallocation would leave a copy of the secret in freed memory.
        let properties: usize =
            self.metadata.iter().map(|p| p.name.len() + p.value.len() + 16).sum();
        let mut text = Zeroizing::new(String::with_capacity(1024 + properties));
        let title = match self.secret_key {
            None => "public certificate: distribute it over a trusted channel",
            Some(_) => "SECRET certificate: keep this file private",
        };
        let mut line = |line: std::fmt::Arguments<'_>| {
            writeln!(text, "{line}").expect("writing to a String cannot fail");
        };
        line(format_args!("#   ZeroMQ {} {title}\n", self.section.to_uppercase()));
        line(format_args!("metadata"));
        for property in self.metadata.iter() {
            let value = String::from_utf8_lossy(&property.value);
            let quote = match (value.contains('"'), value.contains('\'')) {
                (false, _) => "\"",
                (true, false) => "'",
                // Only a value that was read without quotes can have both. It is valid without.
                (true, true) => "",
            };
            line(format_args!("    {} = {quote}{value}{quote}", property.name));
        }
        line(format_args!("{}", self.section));
        line(format_args!("    public-key = \"{}\"", self.public_key));
        if let Some(secret) = &self.secret_key {
            line(format_args!("    secret-key = \"{}\"", **secret));
        }
        text
    }
}

#[cfg(all(test, feature = "curve"))]
mod tests;
