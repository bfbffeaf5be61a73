//! A flag for every key of the configuration, made from the table of keys.

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};

use crate::config::{Config, KEYS, Key, Kind};

/// The flags that were given: the key's path and the text.
#[derive(Clone, Default, Debug)]
pub struct Flags(Vec<(&'static str, String)>);

impl Flags {
    /// In the order of the table of keys.
    pub fn given(&self) -> &[(&'static str, String)] {
        &self.0
    }
}

impl Args for Flags {
    fn augment_args(command: Command) -> Command {
        KEYS.iter()
            .fold(command, |command, key| command.arg(argument(key)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Flags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given =
            |key: &'static Key| Some((key.path, matches.get_one::<String>(key.path)?.clone()));
        Ok(Self(KEYS.iter().filter_map(given).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn argument(key: &'static Key) -> Arg {
    let default = key.read(&Config::default());
    let argument = Arg::new(key.path)
        .long(key.flag())
        .global(true)
        .value_name(key.kind.placeholder())
        .help_heading(format!("Configuration: {}", key.section))
        // A negative number is a value, to be refused by its key and not as an unknown flag.
        .allow_negative_numbers(true)
        .help(format!("{} [default: {default}]", key.meaning));
    if key.kind == Kind::Switch {
        return argument
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true");
    }
    argument
}
