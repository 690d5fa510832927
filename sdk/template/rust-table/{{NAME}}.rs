//! {{NAME}}: two connected Ethernet interfaces. A table says all of it, so none of this ever runs: the host reads it.
#[path = "abi/netrig.rs"]
mod netrig;
use netrig::*;

const IFLA_NUM_TX_QUEUES: u16 = 31;
const VETH_INFO_PEER: u16 = 1;

const QUEUES: Parameter = Parameter {
    minimum: 1,
    maximum: 4096,
    flags: CREATE_ONLY,
    encoding: AS_U32,
    places: PLACE_LINK | PLACE_PEER,
    attribute: IFLA_NUM_TX_QUEUES,
    ..Parameter::new("tx_queues", TYPE_INTEGER, "transmit queues of both ends (IFLA_NUM_TX_QUEUES)")
};

#[used]
#[link_section = ".note.netrig"]
static PLUGIN: Plugin<1> = Plugin::new(
    Table {
        min_interfaces: 2,
        max_interfaces: 2,
        peer_attribute: VETH_INFO_PEER,
        link_kinds: text("veth"),
        ..Table::new("{{NAME}}", "0.1.0", "pair of connected Ethernet interfaces", 1)
    },
    [QUEUES],
);
