#![allow(clippy::unwrap_used, reason = "tests")]
use super::*;

/// Reads a column and returns each time, error or nothing as text.
fn read(texts: &[&str], zone: &str, may_be_year: bool) -> Result<Vec<String>, String> {
    let mut column = TimeColumn::default();
    for (line, text) in (2..).zip(texts) {
        column.add(line, text);
    }
    let (reading, _) = column.reading("at", None, zone.parse().unwrap(), may_be_year)?;
    let read = texts.iter().map(|text| match reading.time("at", Some(Cell::Text(text))) {
        Ok(Some(time)) => time.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true),
        Ok(None) => "none".to_owned(),
        Err(reason) => reason,
    });
    Ok(read.collect())
}

#[test]
fn times_are_read_in_the_forms_that_files_have() {
    for (text, expected) in [
        ("2024-05-01T12:00:00Z", "2024-05-01T12:00:00Z"),
        ("2024-05-01T12:00:00+02:00", "2024-05-01T10:00:00Z"),
        ("2015-06-02 05:02:12+02", "2015-06-02T03:02:12Z"),
        ("2015-06-02 05:02:12 UTC", "2015-06-02T05:02:12Z"),
        ("2015-06-02 05:02:12.117", "2015-06-02T05:02:12.117Z"),
        ("2015-06-02 05:02", "2015-06-02T05:02:00Z"),
        ("2024-05-01", "2024-05-01T00:00:00Z"),
        ("2015/06/02", "2015-06-02T00:00:00Z"),
        ("2015-06", "2015-06-01T00:00:00Z"),
        ("31.12.2023 10:15", "2023-12-31T10:15:00Z"),
        ("31.12.2023", "2023-12-31T00:00:00Z"),
        ("31/12/2023", "2023-12-31T00:00:00Z"),
        ("Jun 2, 2015", "2015-06-02T00:00:00Z"),
        ("01-Jan-1995", "1995-01-01T00:00:00Z"),
        ("09 13, 2009", "2009-09-13T00:00:00Z"),
        ("1714564800", "2024-05-01T12:00:00Z"),
        ("1.433221332e9", "2015-06-02T05:02:12Z"),
        ("1433221332117", "2015-06-02T05:02:12.117Z"),
        ("1433221332117000", "2015-06-02T05:02:12.117Z"),
        ("1433221332117000000", "2015-06-02T05:02:12.117Z"),
        ("0", "none"),
        ("NaN", "none"),
    ] {
        assert_eq!(read(&[text], "UTC", false).unwrap(), [expected], "{text}");
    }
    for text in ["yesterday", "2024-13-01", "1e300", "31.12.23", "32/12/2023"] {
        let read = read(&["2024-05-01", text], "UTC", false).unwrap();
        assert!(read[1].starts_with("at: expected a time"), "{read:?}");
    }
}

#[test]
fn a_value_that_can_be_read_in_two_ways_is_refused_with_both() {
    for (text, readings) in [
        ("1999", ["1970-01-01T00:33:19Z", "the year 1999"]),
        ("20150602", ["1970-08-22T05:23:22Z", "2015-06-02"]),
    ] {
        let column = read(&[text], "UTC", false).unwrap_err();
        let row = read(&["1433221332", "1433221332", "1433221332", text], "UTC", false).unwrap();
        for reading in readings {
            assert!(column.contains(reading) && row[3].contains(reading), "{column} {row:?}");
        }
    }
    let day = read(&["02/06/2015"], "UTC", false).unwrap();
    assert!(day[0].contains("2015-06-02 or 2015-02-06"), "{day:?}");
    let units = read(&["1433221332", "1433221332117"], "UTC", false).unwrap_err();
    assert!(units.contains("seconds") && units.contains("milliseconds"), "{units}");
    let one_of_many: Vec<&str> = std::iter::repeat_n("1433221332117", 200).chain(["1433221332"]).collect();
    let read = read(&one_of_many, "UTC", false).unwrap();
    assert!(read[200].contains("1970-01-17") && read[200].contains("2015-06-02"), "{}", read[200]);
}

#[test]
fn the_column_says_the_order_of_day_and_month() {
    let at = |day: &str| format!("{day}T00:00:00Z");
    assert_eq!(read(&["02/06/2015", "13/06/2015"], "UTC", false).unwrap()[0], at("2015-06-02"));
    assert_eq!(read(&["02/06/2015", "02/13/2015"], "UTC", false).unwrap()[0], at("2015-02-06"));
    assert!(read(&["13/06/2015", "06/13/2015"], "UTC", false).is_err());
}

#[test]
fn a_year_is_a_time_of_publication_and_small_or_negative_numbers_are_no_times() {
    assert_eq!(read(&["1999", "0"], "UTC", true).unwrap(), ["1999-01-01T00:00:00Z", "none"]);
    assert!(read(&["1", "2", "3"], "UTC", false).unwrap_err().contains("no time"));
    let read =
        read(&["1433221332117", "1433221332117", "1433221332117", "-1000", "-62135596800000"], "UTC", false);
    let read = read.unwrap();
    assert!(
        read[3].contains("expected a time since 1970") && read[4].contains("expected a time since"),
        "{read:?}"
    );
}

#[test]
fn local_times_are_those_of_the_zone() {
    assert_eq!(read(&["2015-06-02 05:02:12"], "+02:00", false).unwrap(), ["2015-06-02T03:02:12Z"]);
    assert_eq!(
        read(&["2015-06-02 05:02:12", "2015-12-02", "2015-03-29 02:30:00"], "Europe/Berlin", false).unwrap(),
        ["2015-06-02T03:02:12Z", "2015-12-01T23:00:00Z", "2015-03-29T01:30:00Z"]
    );
    assert!("Berlin".parse::<Zone>().is_err());
}

#[test]
fn a_form_that_is_said_is_used() {
    let read = |format: &str, text| {
        let reading = Reading { format: Some(format.parse().unwrap()), ..Reading::default() };
        reading.time("at", Some(Cell::Text(text))).map(|time| time.map(short).unwrap_or_default())
    };
    assert_eq!(read("s", "5").unwrap(), "1970-01-01T00:00:05Z");
    assert_eq!(read("ms", "1433221332117").unwrap(), "2015-06-02T05:02:12Z");
    assert_eq!(read("year", "1999").unwrap(), "1999-01-01T00:00:00Z");
    assert_eq!(read("%d/%m/%Y", "02/06/2015").unwrap(), "2015-06-02T00:00:00Z");
    assert_eq!(read("%Y%m%d %H:%M", "20150602 05:02").unwrap(), "2015-06-02T05:02:00Z");
    assert!(read("%d/%m/%Y", "June").is_err() && "days".parse::<TimeFormat>().is_err());
}
