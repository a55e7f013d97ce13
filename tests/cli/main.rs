//! The command line, as somebody at a terminal or a script meets it.

mod check;
mod explain;
mod files;
mod folder;
mod stress;
mod view;
