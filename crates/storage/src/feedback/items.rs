//! The list of an answer, as stored: for each resource its row id and rank as LEB128, then its
//! score and novelty as little-endian `f64`, NaN for no novelty. About 20 bytes each.

/// Resource of an answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Item {
    pub resource: i64,
    pub rank: i64,
    pub score: f64,
    pub novelty: Option<f64>,
}

pub(super) fn encode(items: &[Item]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(items.len() * 21);
    for item in items {
        put_number(&mut bytes, item.resource);
        put_number(&mut bytes, item.rank);
        bytes.extend(item.score.to_le_bytes());
        bytes.extend(item.novelty.unwrap_or(f64::NAN).to_le_bytes());
    }
    bytes
}

/// Returns `None` for a list that [`encode`] does not write.
pub(super) fn decode(mut bytes: &[u8]) -> Option<Vec<Item>> {
    let mut items = Vec::with_capacity(bytes.len() / 18);
    while !bytes.is_empty() {
        let resource = number(&mut bytes)?;
        let rank = number(&mut bytes)?;
        let score = fraction(&mut bytes)?;
        let novelty = Some(fraction(&mut bytes)?).filter(|novelty| !novelty.is_nan());
        items.push(Item { resource, rank, score, novelty });
    }
    Some(items)
}

/// Writes a number of at least 0, seven bits a byte, the lowest first.
fn put_number(bytes: &mut Vec<u8>, number: i64) {
    let mut number = number.cast_unsigned();
    while number > 0x7f {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn number(bytes: &mut &[u8]) -> Option<i64> {
    let mut number = 0u64;
    for shift in (0..63).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return i64::try_from(number).ok();
        }
    }
    None
}

fn fraction(bytes: &mut &[u8]) -> Option<f64> {
    let (fraction, rest) = bytes.split_first_chunk::<8>()?;
    *bytes = rest;
    Some(f64::from_le_bytes(*fraction))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_come_back_as_they_were_and_damaged_ones_do_not() {
        let item = |resource, rank, score, novelty| Item { resource, rank, score, novelty };
        let items = [
            item(1, 1, 0.1 + 0.2, Some(0.25)),
            item(127, 2, -0.0, None),
            item(128, 300, f64::MIN_POSITIVE, Some(1.0)),
            item(i64::MAX, 4_294_967_295, 1e300, Some(0.0)),
        ];
        let bytes = encode(&items);
        assert_eq!(decode(&bytes).as_deref(), Some(items.as_slice()));
        assert_eq!(decode(&[]), Some(Vec::new()));
        let whole = (0..bytes.len()).filter(|len| decode(&bytes[..*len]).is_some()).count();
        assert_eq!(whole, items.len(), "a cut list is read only if it ends between two resources");
        assert_eq!(decode(&[0xff; 40]), None);
    }
}
