//! A PostgreSQL server in a cluster of its own, for tests. Without Debian's `postgresql` they are skipped, but not in CI.

use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A cluster in a temporary folder, reached over a socket in it. It ends with this.
pub struct Cluster {
    programs: PathBuf,
    folder: PathBuf,
}

impl Cluster {
    /// Starts one; nothing, where there is no server to start.
    pub fn start() -> Option<Cluster> {
        let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().filter_map(Result::ok);
        let programs =
            versions.map(|version| version.path().join("bin")).filter(|bin| bin.join("initdb").is_file()).max();
        let Some(programs) = programs else {
            let ci = std::env::var_os("CI").is_some_and(|value| value == "true");
            assert!(!ci, "there is no PostgreSQL: `make setup` installs it");
            eprintln!("skipped: there is no PostgreSQL (Debian: apt-get install postgresql)");
            return None;
        };
        let made = own(&programs, "mktemp").arg("-d").output().unwrap();
        let folder = PathBuf::from(String::from_utf8(made.stdout).unwrap().trim());
        let cluster = Cluster { programs, folder };
        let data = cluster.folder.join("data");
        cluster.run("initdb", &["-U", "gov", "-A", "trust", "-N", "-D", data.to_str().unwrap()]);
        let options = format!("-c listen_addresses= -c fsync=off -k {}", cluster.folder.display());
        cluster.run("pg_ctl", &["-D", data.to_str().unwrap(), "-o", &options, "-l", "/dev/null", "-w", "start"]);
        Some(cluster)
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let program = self.programs.join(program);
        let mut command = own(&self.programs, program.to_str().unwrap());
        let status = command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
        assert!(status.success(), "{program:?} {arguments:?}: {status}");
    }

    /// Does what a script says, and gives what `psql` writes of it: values with `|` between them.
    #[allow(dead_code, reason = "not every test that starts one looks into it")]
    pub fn ask(&self, sql: &str) -> String {
        let psql = self.programs.join("psql");
        let mut command = own(&self.programs, psql.to_str().unwrap());
        let asked = command.args(["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-d", &self.address(), "-c", sql]);
        let asked = asked.output().unwrap();
        assert!(asked.status.success(), "{sql}: {asked:?}");
        String::from_utf8(asked.stdout).unwrap().trim().to_owned()
    }

    /// Its address, as `psql` takes it.
    pub fn address(&self) -> String {
        format!("host={} user=gov dbname=postgres", self.folder.display())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let data = self.folder.join("data");
        let stop = self.programs.join("pg_ctl");
        let mut stop = own(&self.programs, stop.to_str().unwrap_or_default());
        let _ = stop.args(["-m", "immediate", "-D"]).arg(data).arg("stop").stdout(Stdio::null()).status();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A program, as a user that PostgreSQL starts for: not as root.
fn own(programs: &std::path::Path, program: &str) -> Command {
    let root = std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    let mut command = Command::new(if root { "runuser" } else { program });
    if root {
        command.args(["-u", "postgres", "--", program]);
    }
    command.current_dir(programs);
    command
}
