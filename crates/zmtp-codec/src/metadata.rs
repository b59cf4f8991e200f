//! Metadata: the properties that a peer announces in its handshake.
//!
//! ```text
//! property:   | name length (1) | name | value length (4) | value |
//! ```

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use crate::routing_id::RoutingId;
use crate::socket_type::SocketType;
use crate::wire::Reader;

/// The properties of a peer: names and values, in order.
///
/// Names ignore case; values are bytes. Applications may add properties with names that start with
/// `X-`. Cloning is cheap.
///
/// ```
/// use zmtp_codec::Metadata;
///
/// let mut metadata = Metadata::new();
/// metadata.insert("X-Region", "eu-north")?;
/// assert_eq!(metadata.get("x-region").unwrap(), "eu-north");
/// # Ok::<_, zmtp_codec::MetadataError>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Metadata(Arc<Vec<Property>>);

/// One property of a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Property {
    /// The name, 1 to 255 visible ASCII characters, as its sender wrote it.
    pub name: String,
    /// The value.
    pub value: Bytes,
}

/// Bytes are not metadata, or a property cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MetadataError {
    /// A name that is empty, longer than 255 bytes, or not visible ASCII.
    #[error("invalid property name {0:?}: it must have 1 to 255 visible ASCII characters")]
    InvalidName(String),
    /// A name that is reserved for ZMTP.
    #[error("the property name {0:?} is reserved: names of applications start with X-")]
    Reserved(String),
    /// A property is incomplete.
    #[error("metadata ends inside property {0}")]
    CutShort(usize),
    /// A value of 2^31 bytes or more.
    #[error("property value has {0} bytes, more than the 2^31 - 1 that ZMTP allows")]
    ValueTooLong(usize),
}

impl Metadata {
    /// The name of the property with the peer's socket type.
    // libzmq compares names case-sensitively: these two must be sent exactly like this.
    pub const SOCKET_TYPE: &str = "Socket-Type";

    /// The name of the property with the peer's routing id.
    pub const IDENTITY: &str = "Identity";

    /// Makes metadata without properties.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes the properties that every peer of this type sends.
    pub(crate) fn announcing(socket_type: SocketType, routing_id: Option<&RoutingId>) -> Self {
        let property = |name: &str, value| Property { name: name.to_owned(), value };
        let name = Bytes::from_static(socket_type.name().as_bytes());
        let mut properties = vec![property(Self::SOCKET_TYPE, name)];
        if socket_type.announces_routing_id() {
            let routing_id = routing_id.cloned().map_or_else(Bytes::new, Bytes::from);
            properties.push(property(Self::IDENTITY, routing_id));
        }
        Self(Arc::new(properties))
    }

    /// Appends the properties of `other`.
    pub(crate) fn with_all(mut self, other: &Self) -> Self {
        if !other.is_empty() {
            Arc::make_mut(&mut self.0).extend(other.iter().cloned());
        }
        self
    }

    /// Sets a property of the application. Its name must start with `X-`.
    ///
    /// ```
    /// use zmtp_codec::{Metadata, MetadataError};
    ///
    /// let mut metadata = Metadata::new();
    /// metadata.insert_own("X-Region", "eu-north")?;
    /// let error = metadata.insert_own("Identity", "worker-1").unwrap_err();
    /// assert_eq!(error, MetadataError::Reserved("Identity".into()));
    /// # Ok::<_, MetadataError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the name is reserved, or the property cannot be sent.
    pub fn insert_own(
        &mut self,
        name: &str,
        value: impl Into<Bytes>,
    ) -> Result<&mut Self, MetadataError> {
        if name.get(..2).is_some_and(|prefix| prefix.eq_ignore_ascii_case("X-")) {
            self.insert(name, value)
        } else {
            Err(MetadataError::Reserved(name.to_owned()))
        }
    }

    /// Sets a property. A property of that name keeps its position.
    ///
    /// # Errors
    ///
    /// If the name or value cannot be sent.
    pub fn insert(
        &mut self,
        name: &str,
        value: impl Into<Bytes>,
    ) -> Result<&mut Self, MetadataError> {
        let value = value.into();
        let name = valid_name(name.as_bytes())?;
        if value.len() > VALUE_MAX {
            return Err(MetadataError::ValueTooLong(value.len()));
        }
        let properties = Arc::make_mut(&mut self.0);
        match properties.iter_mut().find(|known| known.name.eq_ignore_ascii_case(&name)) {
            Some(known) => known.value = value,
            None => properties.push(Property { name, value }),
        }
        Ok(self)
    }

    /// The value of a property. The name ignores case. If a peer sent it twice, the first counts.
    pub fn get(&self, name: &str) -> Option<&Bytes> {
        let property = self.iter().find(|property| property.name.eq_ignore_ascii_case(name))?;
        Some(&property.value)
    }

    /// The properties, in the order they were sent.
    pub fn iter(&self) -> std::slice::Iter<'_, Property> {
        self.0.iter()
    }

    /// Whether there are no properties.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many properties there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Reads metadata.
    ///
    /// # Errors
    ///
    /// If a property is incomplete or has an invalid name.
    pub fn decode(bytes: Bytes) -> Result<Self, MetadataError> {
        let mut reader = Reader::new(bytes);
        let mut properties = Vec::new();
        while !reader.is_empty() {
            let cut_short = MetadataError::CutShort(properties.len() + 1);
            let name = reader.short().ok_or_else(|| cut_short.clone())?;
            // A slice would keep the whole read buffer alive.
            let value = Bytes::copy_from_slice(&reader.long().ok_or(cut_short)?);
            properties.push(Property { name: valid_name(&name)?, value });
        }
        Ok(Self(Arc::new(properties)))
    }

    /// Appends the metadata to `wire`.
    pub fn encode(&self, wire: &mut Vec<u8>) {
        self.iter().for_each(|property| encode_property(&property.name, &property.value, wire));
    }
}

impl<'a> IntoIterator for &'a Metadata {
    type Item = &'a Property;
    type IntoIter = std::slice::Iter<'a, Property>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.iter().map(|property| (&property.name, &property.value)))
            .finish()
    }
}

fn valid_name(name: &[u8]) -> Result<String, MetadataError> {
    let text = String::from_utf8_lossy(name).into_owned();
    let is_valid = (1..=255).contains(&name.len()) && name.iter().all(u8::is_ascii_graphic);
    if is_valid { Ok(text) } else { Err(MetadataError::InvalidName(text)) }
}

fn encode_property(name: &str, value: &[u8], wire: &mut Vec<u8>) {
    // Both lengths fit: they were checked when the property was set or read.
    let (Ok(name_len), Ok(value_len)) = (u8::try_from(name.len()), u32::try_from(value.len()))
    else {
        return;
    };
    wire.push(name_len);
    wire.extend_from_slice(name.as_bytes());
    wire.extend_from_slice(&value_len.to_be_bytes());
    wire.extend_from_slice(value);
}

const VALUE_MAX: usize = 0x7fff_ffff;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_round_trip_in_order() {
        let mut metadata = Metadata::new();
        metadata.insert("Socket-Type", "REQ").unwrap().insert("Identity", "").unwrap();
        let mut wire = Vec::new();
        metadata.encode(&mut wire);
        assert_eq!(wire, b"\x0bSocket-Type\0\0\0\x03REQ\x08Identity\0\0\0\0");
        assert_eq!(Metadata::decode(wire.into()), Ok(metadata));
    }

    #[test]
    fn property_names_ignore_case() {
        let mut metadata = Metadata::new();
        metadata.insert("X-a", "1").unwrap();
        metadata.insert("x-A", "2").unwrap();
        assert_eq!(metadata.len(), 1);
        assert_eq!(metadata.get("X-A").unwrap(), "2");
    }

    #[test]
    fn first_of_duplicate_properties_wins() {
        let wire = Bytes::from_static(b"\x01a\0\0\0\x011\x01A\0\0\0\x012");
        assert_eq!(Metadata::decode(wire).unwrap().get("a").unwrap(), "1");
    }

    #[test]
    fn truncated_metadata_is_rejected() {
        let whole = b"\x01a\0\0\0\x011\x01b\0\0\0\x012";
        for len in 1..whole.len() {
            let result = Metadata::decode(Bytes::copy_from_slice(&whole[..len]));
            let expected = Err(MetadataError::CutShort(1 + len / 8));
            assert!(len == 7 || result == expected, "{len}: {result:?}");
        }
    }

    #[test]
    fn invalid_property_names_are_rejected() {
        let name = |name: &str| Metadata::new().insert(name, "").map(|_| ()).unwrap_err();
        assert_eq!(name(""), MetadataError::InvalidName(String::new()));
        assert_eq!(name("a b"), MetadataError::InvalidName("a b".into()));
        assert_eq!(name(&"a".repeat(256)), MetadataError::InvalidName("a".repeat(256)));
        let wire = Bytes::from_static(b"\x01\xff\0\0\0\0");
        assert!(matches!(Metadata::decode(wire), Err(MetadataError::InvalidName(_))));
    }
}
