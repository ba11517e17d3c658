const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Returns a big-endian number as `width` digits of base 62, the highest first. Digits beyond the
/// width are lost, so the width must suffice for the number of bytes.
pub(crate) fn encode(bytes: &[u8], width: usize) -> String {
    let mut number = bytes.to_vec();
    let mut digits: Vec<char> = Vec::with_capacity(width);
    for _ in 0..width {
        let mut remainder = 0_u32;
        for byte in &mut number {
            let value = remainder << 8 | u32::from(*byte);
            *byte = u8::try_from(value / 62).unwrap_or(u8::MAX);
            remainder = value % 62;
        }
        let digit = DIGITS.get(remainder as usize).copied().unwrap_or(b'0');
        digits.push(char::from(digit));
    }
    digits.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::encode;

    #[test]
    fn numbers_are_written_with_the_highest_digit_first() {
        for (bytes, width, expected) in [
            (&[0][..], 2, "00"),
            (&[61], 2, "0z"),
            (&[62], 2, "10"),
            (&[1, 0], 2, "48"),
            (&[0xff; 4], 6, "4gfFC3"),
            (&[0xff; 5], 7, "JMAIjoV"),
        ] {
            assert_eq!(encode(bytes, width), expected, "{bytes:?}");
        }
    }
}
