//! Certificates as text: 4/ZPL, with the sections `metadata` and `curve` or `noise`.

use std::fmt::Write;
use std::str::FromStr;

use zeroize::Zeroizing;
use zeromq_async::Metadata;
use zeromq_async::security::KeyError;

use super::keys::CertificateKeys;
use super::{CertificateError, PropertyError};
use crate::{LineError, LineProblem};

/// What a certificate says.
pub(super) struct Parts<'a> {
    section: &'static str,
    /// Properties of the section with the keys, and the lines in which they are.
    keys: Vec<(usize, &'a str, &'a str)>,
    pub(super) metadata: Metadata,
}

impl<'a> Parts<'a> {
    /// Takes a certificate apart whose keys are in `section`.
    pub(super) fn of(text: &'a str, section: &'static str) -> Result<Self, LineError> {
        let mut parts = Self { section, keys: Vec::new(), metadata: Metadata::new() };
        let mut current = "";
        for (number, line) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
            let property = Property::of(line).map_err(|problem| problem.at(number))?;
            match property {
                None => {}
                Some(Property { name, indented: false, .. }) => current = name,
                Some(Property { name, value, .. }) if current == section => {
                    parts.keys.push((number, name, value));
                }
                Some(Property { name, value, .. }) if current == "metadata" => {
                    let inserted = parts.metadata.insert(name, value.to_owned());
                    inserted.map_err(|_| LineProblem::Property.at(number))?;
                }
                Some(_) => {}
            }
        }
        Ok(parts)
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

/// A line of ZPL.
struct Property<'a> {
    indented: bool,
    name: &'a str,
    value: &'a str,
}

impl<'a> Property<'a> {
    /// What a line says, if it is not empty and not a comment.
    fn of(line: &'a str) -> Result<Option<Self>, LineProblem> {
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

/// A value without its quotation marks, or what is in front of a comment.
fn without_comment(value: &str) -> Result<&str, LineProblem> {
    if let Some(quote) = value.chars().next().filter(|first| matches!(first, '"' | '\'')) {
        let (quoted, rest) = value[1..].split_once(quote).ok_or(LineProblem::Property)?;
        let ends = matches!(rest.trim_start().chars().next(), None | Some('#'));
        return if ends { Ok(quoted) } else { Err(LineProblem::Property) };
    }
    // As with CZMQ, a '#' within a word is part of it.
    let comment = value.match_indices('#').map(|(at, _)| at);
    let begins = |at: &usize| value[..*at].is_empty() || value[..*at].ends_with([' ', '\t']);
    Ok(value[..comment.into_iter().find(begins).unwrap_or(value.len())].trim_end())
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || "$-_@.&+/".contains(c)
}

/// Whether a property can be written so that it is read as the same.
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

/// The text of a certificate.
pub(super) fn write<K: CertificateKeys>(
    keys: &K,
    secret: Option<Zeroizing<String>>,
    metadata: &Metadata,
) -> Zeroizing<String> {
    // Large enough not to move, which would leave a copy of the secret behind.
    let properties: usize = metadata.iter().map(|p| p.name.len() + p.value.len() + 16).sum();
    let mut text = Zeroizing::new(String::with_capacity(1024 + properties));
    let title = match secret {
        None => "public certificate: give it to those who are to know you by it",
        Some(_) => "SECRET certificate: nobody else may see this file",
    };
    let mut line = |line: std::fmt::Arguments<'_>| {
        writeln!(text, "{line}").expect("a String takes every write");
    };
    line(format_args!("#   ZeroMQ {} {title}\n", K::MECHANISM));
    line(format_args!("metadata"));
    for property in metadata.iter() {
        let value = String::from_utf8_lossy(&property.value);
        let quote = match (value.contains('"'), value.contains('\'')) {
            (false, _) => "\"",
            (true, false) => "'",
            // It was read without, so it can be again.
            (true, true) => "",
        };
        line(format_args!("    {} = {quote}{value}{quote}", property.name));
    }
    line(format_args!("{}", K::SECTION));
    line(format_args!("    public-key = \"{}\"", keys.public_key()));
    if let Some(secret) = secret {
        line(format_args!("    secret-key = \"{}\"", *secret));
    }
    text
}

#[cfg(all(test, feature = "curve"))]
mod tests;
