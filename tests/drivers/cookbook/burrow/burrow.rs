// SPDX-License-Identifier: Apache-2.0
//! burrow: a TUN, the end of a tunnel that a user's program carries, as a VPN's. In Rust, without crates.
#[path = "../../../../sdk/template/make/abi/netrig.rs"] // `netrig drivers new --lang rust` puts it into abi/
mod netrig;
use netrig::*;

const IFLA_TUN_OWNER: u16 = 1;
const IFLA_TUN_PI: u16 = 4;

// The kernel tells both, so they are compared; it never changes them, so they are create-only.
const USER: Parameter = Parameter {
    flags: CREATE_ONLY,
    minimum: 0,
    maximum: 4294967294,
    places: PLACE_DATA,
    encoding: AS_U32,
    attribute: IFLA_TUN_OWNER,
    ..Parameter::new("user", TYPE_INTEGER, "number of the user whose program it is (IFLA_TUN_OWNER)")
};
const PACKET_INFO: Parameter = Parameter {
    flags: CREATE_ONLY,
    unset_text: text("false"),
    places: PLACE_DATA,
    encoding: AS_U8,
    attribute: IFLA_TUN_PI,
    ..Parameter::new("packet_info", TYPE_BOOL, "struct tun_pi before each packet (IFLA_TUN_PI)")
};

#[used]
#[link_section = ".note.netrig"]
static PLUGIN: Plugin<2> = Plugin::new(
    Table {
        functions: FUNCTION_CREATE | FUNCTION_INSPECT, // without destroy the host deletes the interface
        link_kinds: text("tun"),
        ..Table::new("burrow", "1.0.0", "end of a tunnel that a program carries", 2)
    },
    [USER, PACKET_INFO],
);

#[no_mangle]
pub static netrig_driver: Functions = Functions { create: Some(create), inspect: Some(inspect), ..Functions::NONE };

/// Name, namespace, MTU and number are the host's business. A user that a parameter names needs no grant.
unsafe extern "C" fn create(host: *const Host, call: *mut Call, _request: *const Request) -> Status {
    let host = &*host;
    let tun: &Tun = match service(host, call, c!("netrig.tun/1")) {
        Some(service) => service,
        None => return (host.fail)(call, UNSUPPORTED, c!("this netrig makes no TUNs for drivers")),
    };
    let mut user = i64::from(NONE); // both stay so where the lab file does not say
    let mut info = 0u8;
    (host.get_integer)(call, c!("user"), 0, &mut user);
    (host.get_bool)(call, c!("packet_info"), 0, &mut info);
    let device = TunDevice {
        struct_size: std::mem::size_of::<TunDevice>() as u32,
        interface: 0,
        kind: TUN_IP,
        flags: if info != 0 { TUN_PACKET_INFO } else { 0 },
        owner: user as u32,
        group: NONE,
    };
    (tun.create)(call, &device) // at once; if it fails, the host has the kernel's words for the user
}

/// For `netrig status`, beside what the table tells: whether a program has it open.
unsafe extern "C" fn inspect(host: *const Host, call: *mut Call, device: *const Device) -> Status {
    let host = &*host;
    if (**(*device).interfaces).ifindex == 0 {
        return NOT_FOUND; // somebody has removed it
    }
    let sysfs: &Sysfs = match service(host, call, c!("netrig.sysfs/1")) {
        Some(service) => service,
        None => return OK, // an older host shows less
    };
    let mut carrier = [0u8; 16];
    let mut size = carrier.len() as u32;
    match (sysfs.read)(call, 0, c!("carrier"), carrier.as_mut_ptr().cast(), &mut size) {
        OK if carrier[0] == b'1' => (host.set_state)(call, c!("program"), c!("has it open")),
        OK | INVALID | IO => (host.set_state)(call, c!("program"), c!("none")), // an interface that is down has none
        status => status,
    }
}
