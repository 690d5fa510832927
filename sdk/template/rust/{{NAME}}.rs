//! {{NAME}}: two connected Ethernet interfaces. The table says what it is; create and destroy are what a table could say,
//! too, and stand here so that there is something to go on from. Without them the host does the same by the table.
#[path = "abi/netrig.rs"]
mod netrig;
use netrig::*;

const IFLA_NUM_TX_QUEUES: u16 = 31;
const VETH_INFO_PEER: u32 = 1;

const QUEUES: Parameter = Parameter {
    minimum: 1,
    maximum: 4096,
    ..Parameter::new("tx_queues", TYPE_INTEGER, "transmit queues of both ends (IFLA_NUM_TX_QUEUES)")
};

#[used]
#[link_section = ".note.netrig"]
static PLUGIN: Plugin<1> = Plugin::new(
    Table {
        functions: FUNCTION_CREATE | FUNCTION_DESTROY,
        min_interfaces: 2,
        max_interfaces: 2,
        link_kinds: text("veth"),
        ..Table::new("{{NAME}}", "0.1.0", "pair of connected Ethernet interfaces", 1)
    },
    [QUEUES],
);

#[no_mangle]
pub static netrig_driver: Functions = Functions { create: Some(create), destroy: Some(destroy), ..Functions::NONE };

unsafe fn netlink(host: &Host, call: *mut Call) -> Option<&'static Netlink> {
    service(host, call, c!("netrig.netlink/1"))
}

/// Names, MACs and namespaces are the host's business. The link is queued: it is made when this has returned.
unsafe extern "C" fn create(host: *const Host, call: *mut Call, _request: *const Request) -> Status {
    let host = &*host;
    let netlink = match netlink(host, call) {
        Some(service) => service,
        None => return (host.fail)(call, UNSUPPORTED, c!("this netrig makes no links for drivers")),
    };
    let mut queues: i64 = 1; // stays so where the lab file does not say
    let status = (host.get_integer)(call, c!("tx_queues"), 0, &mut queues);
    if status != OK && status != NOT_FOUND {
        return (host.fail)(call, status, c!("tx_queues cannot be read"));
    }

    // struct nlattr: length, type, value.
    let mut attribute = [0u8; 8];
    attribute[0..2].copy_from_slice(&8u16.to_ne_bytes());
    attribute[2..4].copy_from_slice(&IFLA_NUM_TX_QUEUES.to_ne_bytes());
    attribute[4..8].copy_from_slice(&(queues as u32).to_ne_bytes());
    let link = Link {
        struct_size: std::mem::size_of::<Link>() as u32,
        interface: 0,
        kind: c!("veth"),
        attributes: attribute.as_ptr().cast(),
        data: std::ptr::null(),
        peer_attributes: attribute.as_ptr().cast(),
        attributes_size: attribute.len() as u32,
        data_size: 0,
        peer_attributes_size: attribute.len() as u32,
        peer: 1,
        peer_type: VETH_INFO_PEER,
        lower: NONE,
    };
    (netlink.create_link)(call, &link)
}

unsafe extern "C" fn destroy(host: *const Host, call: *mut Call, _device: *const Device) -> Status {
    let host = &*host;
    match netlink(host, call) {
        Some(service) => (service.delete_link)(call, 0), // the other end goes with it
        None => (host.fail)(call, UNSUPPORTED, c!("this netrig deletes no links for drivers")),
    }
}
