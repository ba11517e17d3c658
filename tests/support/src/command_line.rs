use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result, ensure};

/// Runs a program without environment variables, and returns its standard output.
///
/// # Errors
/// Fails if the program does not start, fails, or writes anything but UTF-8.
pub fn output(program: &str, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program).args(arguments).env_clear().output().context(program.to_owned())?;
    ensure!(output.status.success(), "{arguments:?}: {output:?}");
    Ok(String::from_utf8(output.stdout)?)
}

/// Returns the name and the help of each command of a program, such as `docent-server_db_status`.
/// The command `""` is the program itself.
///
/// # Errors
/// As [`output`].
pub fn helps(program: &str, commands: &[&str]) -> Result<Vec<(String, String)>> {
    let name = Path::new(program).file_stem().context("a program has a name")?.to_string_lossy();
    let mut helps = Vec::new();
    for command in commands {
        let mut arguments: Vec<&str> = command.split_whitespace().collect();
        arguments.push("--help");
        let name = format!("{name} {command}").trim().replace(' ', "_");
        helps.push((name, output(program, &arguments)?));
    }
    Ok(helps)
}

/// Checks that the section of a program in `docs/reference/command-line.md` is its current help,
/// in the Markdown of clap-markdown. Writes the section instead if `UPDATE_DOCS` is set.
///
/// # Errors
/// Fails if the section differs or is missing, and if the page cannot be read or written.
pub fn check_command_line_reference(program: &str, help: &str) -> Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/command-line.md");
    let page = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let start = format!("<!-- {program} -->\n");
    let end = format!("<!-- end of {program} -->\n");
    // The page has a title of its own, so every heading goes one level down.
    let section = help.replace("\n## ", "\n### ").replacen("# ", "## ", 1);
    let (before, rest) = page.split_once(&start).with_context(|| format!("no line {start}"))?;
    let (_, after) = rest.split_once(&end).with_context(|| format!("no line {end}"))?;
    let current = format!("{before}{start}{section}{end}{after}");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        return fs::write(&path, current).with_context(|| path.display().to_string());
    }
    ensure!(page == current, "docs/reference/command-line.md differs; run `just command-line-doc`");
    Ok(())
}
