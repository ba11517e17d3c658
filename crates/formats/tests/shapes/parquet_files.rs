use std::{fs::File, path::Path, sync::Arc};

use parquet::{
    data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type},
    file::{properties::WriterProperties, writer::SerializedFileWriter},
    schema::parser::parse_message_type,
};

use crate::{read, read_path};

/// Writes users, items, ratings and times, as pandas does.
fn write(path: &Path, schema: &str) {
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = Arc::new(WriterProperties::builder().build());
    let mut writer = SerializedFileWriter::new(File::create(path).unwrap(), schema, properties).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let users: Vec<ByteArray> = ["u1", "u2"].map(ByteArray::from).to_vec();
    column.typed::<ByteArrayType>().write_batch(&users, None, None).unwrap();
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<Int64Type>().write_batch(&[7, 8], None, None).unwrap();
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<DoubleType>().write_batch(&[4.5, f64::NAN], None, None).unwrap();
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<Int64Type>().write_batch(&[1_433_221_332_117, 1_433_221_332_117], None, None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();
}

fn schema(time: &str) -> String {
    format!(
        "message m {{ REQUIRED BYTE_ARRAY user_id (UTF8); REQUIRED INT64 item_id; REQUIRED DOUBLE rating; \
         REQUIRED INT64 timestamp {time}; }}"
    )
}

#[test]
fn parquet_is_read_with_its_types() {
    for time in ["(TIMESTAMP_MILLIS)", ""] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("i.parquet");
        write(&path, &schema(time));
        let read = read_path(folder, &path, "");
        assert_eq!(
            read.records,
            ["1:u1>7 rating rating=4.5 2015-06-02T05:02:12.117Z", "2:u2>8 rating 2015-06-02T05:02:12.117Z"],
            "{}",
            read.faults()
        );
    }
}

#[test]
fn a_parquet_file_of_another_schema_or_cut_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("i.parquet");
    write(&path, &schema("").replace("user_id", "colour").replace("item_id", "size"));
    let other = read_path(folder, &path, "");
    assert!(other.faults().contains("the columns are colour, rating, size, timestamp"), "{}", other.faults());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("whole.parquet");
    write(&path, &schema(""));
    let whole = std::fs::read(&path).unwrap();
    let cut = read("cut.parquet", &whole[..whole.len() - 20], "");
    assert!(cut.faults().contains("the Parquet file is damaged or incomplete"), "{}", cut.faults());
}
