//! The sockets against the RFCs 28 to 31 and 48, one test per clause.

mod exclusive_pair;
mod pipeline;
mod pubsub;
mod radio_dish;
mod reqrep;
