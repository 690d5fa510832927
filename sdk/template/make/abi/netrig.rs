//! netrig/driver.h and netrig/services.h for Rust, as far as this driver needs them; the headers say what all of it means.
//! No crates: Debian 12's rustc takes it.
#![allow(dead_code, unused_imports, unused_macros)] // a part of it is for other drivers
use std::os::raw::{c_char, c_void};
use std::mem::size_of;

pub type Status = i32;
pub const OK: Status = 0;
pub const INVALID: Status = 1;
pub const NOT_FOUND: Status = 3;
pub const UNSUPPORTED: Status = 5;
pub const IO: Status = 9;
pub const INTERNAL: Status = 10;
pub const NONE: u32 = u32::MAX;

pub const TYPE_BOOL: u32 = 1;
pub const TYPE_INTEGER: u32 = 2;
pub const CREATE_ONLY: u32 = 8;
pub const PLACE_DATA: u16 = 1;
pub const PLACE_LINK: u16 = 2;
pub const PLACE_PEER: u16 = 4;
pub const AS_U8: u32 = 1;
pub const AS_U32: u32 = 3;
pub const FUNCTION_CREATE: u32 = 2;
pub const FUNCTION_DESTROY: u32 = 4;
pub const FUNCTION_INSPECT: u32 = 8;
pub const TUN_IP: u32 = 1;
pub const TUN_PACKET_INFO: u32 = 4;

/// Text in a table: its bytes, and NULs up to the end of the array.
pub const fn text<const SIZE: usize>(from: &str) -> [u8; SIZE] {
    let from = from.as_bytes();
    assert!(from.len() < SIZE, "a text does not fit into its member");
    let mut filled = [0; SIZE];
    let mut i = 0;
    while i < from.len() {
        filled[i] = from[i];
        i += 1;
    }
    filled
}

/// struct netrig_parameter
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Parameter {
    pub struct_size: u32,
    pub kind: u32,
    pub flags: u32,
    pub encoding: u32,
    pub places: u16,
    pub attribute: u16,
    pub attribute6: u16,
    pub element: u16,
    pub mask: u64,
    pub scale: u64,
    pub tolerance: u64,
    pub minimum: i64,
    pub maximum: i64,
    pub also_attribute: u16,
    pub also_encoding: u16,
    pub reserved: u32,
    pub also_value: u64,
    pub name: [u8; 32],
    pub default_text: [u8; 64],
    pub unset_text: [u8; 64],
    pub only_with: [u8; 64],
    pub kernel_option: [u8; 48],
    pub help: [u8; 160],
    pub choices: [u8; 512],
}
const _: () = assert!(size_of::<Parameter>() == 1024);

impl Parameter {
    /// Everything else is zero.
    pub const fn new(name: &str, kind: u32, help: &str) -> Parameter {
        Parameter {
            struct_size: size_of::<Parameter>() as u32,
            kind,
            flags: 0,
            encoding: 0,
            places: 0,
            attribute: 0,
            attribute6: 0,
            element: 0,
            mask: 0,
            scale: 0,
            tolerance: 0,
            minimum: 0,
            maximum: 0,
            also_attribute: 0,
            also_encoding: 0,
            reserved: 0,
            also_value: 0,
            name: text(name),
            default_text: [0; 64],
            unset_text: [0; 64],
            only_with: [0; 64],
            kernel_option: [0; 48],
            help: text(help),
            choices: [0; 512],
        }
    }
}

/// struct netrig_table
#[repr(C)]
pub struct Table {
    pub struct_size: u32,
    pub abi_major: u16,
    pub abi_minor: u16,
    pub parameter_size: u32,
    pub parameter_count: u32,
    pub functions: u32,
    pub wants: u32,
    pub min_interfaces: u32,
    pub max_interfaces: u32,
    pub max_ports: u32,
    pub peer_attribute: u16,
    pub reserved: u16,
    pub name: [u8; 32],
    pub version: [u8; 32],
    pub summary: [u8; 160],
    pub link_kinds: [u8; 64],
}
const _: () = assert!(size_of::<Table>() == 328);

impl Table {
    /// One interface a device, and everything else zero.
    pub const fn new(name: &str, version: &str, summary: &str, parameter_count: u32) -> Table {
        Table {
            struct_size: size_of::<Table>() as u32,
            abi_major: 0,
            abi_minor: 9,
            parameter_size: size_of::<Parameter>() as u32,
            parameter_count,
            functions: 0,
            wants: 0,
            min_interfaces: 1,
            max_interfaces: 1,
            max_ports: 0,
            peer_attribute: 0,
            reserved: 0,
            name: text(name),
            version: text(version),
            summary: text(summary),
            link_kinds: [0; 64],
        }
    }
}

/// What stands in the section .note.netrig: a note, and as what it says the table and its parameters.
#[repr(C, align(8))]
pub struct Plugin<const COUNT: usize> {
    name_size: u32,
    description_size: u32,
    note_type: u32,
    note_name: [u8; 12],
    table: Table,
    parameters: [Parameter; COUNT],
}
impl<const COUNT: usize> Plugin<COUNT> {
    pub const fn new(table: Table, parameters: [Parameter; COUNT]) -> Plugin<COUNT> {
        assert!(table.parameter_count as usize == COUNT, "the table counts other parameters than there are");
        Plugin {
            name_size: 11,
            description_size: (size_of::<Table>() + COUNT * size_of::<Parameter>()) as u32,
            note_type: 1,
            note_name: text("netrig.drv"),
            table,
            parameters,
        }
    }
}

/// struct netrig_host. Members that no driver here calls are addresses alone.
#[repr(C)]
pub struct Host {
    pub struct_size: u32,
    pub abi_major: u16,
    pub abi_minor: u16,
    pub fail: extern "C" fn(call: *mut Call, status: Status, message: *const c_char) -> Status,
    pub service: extern "C" fn(call: *mut Call, id: *const c_char) -> *const c_void,
    pub count: extern "C" fn(call: *mut Call, parameter: *const c_char) -> u32,
    pub get_bool: extern "C" fn(call: *mut Call, parameter: *const c_char, index: u32, value: *mut u8) -> Status,
    pub get_integer: extern "C" fn(call: *mut Call, parameter: *const c_char, index: u32, value: *mut i64) -> Status,
    pub get_string: extern "C" fn(call: *mut Call, parameter: *const c_char, index: u32, value: *mut *const c_char) -> Status,
    pub get_mac: *const c_void,
    pub get_address: *const c_void,
    pub get_reference: *const c_void,
    pub set_interface: *const c_void,
    pub save_record: extern "C" fn(call: *mut Call, record: *const c_void, size: u32) -> Status,
    pub set_state: extern "C" fn(call: *mut Call, name: *const c_char, value: *const c_char) -> Status,
}
/// One running operation.
#[repr(C)]
pub struct Call {
    _opaque: [u8; 0],
}

/// struct netrig_link
#[repr(C)]
pub struct Link {
    pub struct_size: u32,
    pub interface: u32,
    pub kind: *const c_char,
    pub attributes: *const c_void,
    pub data: *const c_void,
    pub peer_attributes: *const c_void,
    pub attributes_size: u32,
    pub data_size: u32,
    pub peer_attributes_size: u32,
    pub peer: u32,
    pub peer_type: u32,
    pub lower: u32,
}

/// struct netrig_netlink, the service "netrig.netlink/1", up to delete_link.
#[repr(C)]
pub struct Netlink {
    pub struct_size: u32,
    pub reserved: u32,
    pub create_link: extern "C" fn(call: *mut Call, link: *const Link) -> Status,
    pub set_link: *const c_void,
    pub delete_link: extern "C" fn(call: *mut Call, interface: u32) -> Status,
}

/// struct netrig_tun_device
#[repr(C)]
pub struct TunDevice {
    pub struct_size: u32,
    pub interface: u32,
    pub kind: u32,
    pub flags: u32,
    pub owner: u32,
    pub group: u32,
}

/// struct netrig_tun, the service "netrig.tun/1".
#[repr(C)]
pub struct Tun {
    pub struct_size: u32,
    pub reserved: u32,
    pub create: extern "C" fn(call: *mut Call, device: *const TunDevice) -> Status,
    pub open_queue: extern "C" fn(call: *mut Call, interface: u32, fd: *mut i32) -> Status,
}

/// struct netrig_sysfs, the service "netrig.sysfs/1".
#[repr(C)]
pub struct Sysfs {
    pub struct_size: u32,
    pub reserved: u32,
    pub read: extern "C" fn(call: *mut Call, interface: u32, path: *const c_char, buffer: *mut c_char, size: *mut u32) -> Status,
    pub write: extern "C" fn(call: *mut Call, interface: u32, path: *const c_char, value: *const c_char, size: u32) -> Status,
}

/// What begins with its size, as all tables of services do.
pub trait Service {}
impl Service for Netlink {}
impl Service for Tun {}
impl Service for Sysfs {}

/// A service; nothing: this host lacks it, or is older than what is called here.
pub unsafe fn service<T: Service>(host: &Host, call: *mut Call, id: *const c_char) -> Option<&'static T> {
    let found = (host.service)(call, id) as *const u32;
    if found.is_null() || (*found as usize) < size_of::<T>() {
        return None;
    }
    (found as *const T).as_ref()
}

/// struct netrig_interface
#[repr(C)]
pub struct Interface {
    pub struct_size: u32,
    pub netns_fd: i32,
    pub name: *const c_char,
    pub ifindex: u32,
    pub mtu: u32,
    pub mac: [u8; 6],
    pub has_mac: u8,
    pub reserved: u8,
}

/// struct netrig_request
#[repr(C)]
pub struct Request {
    pub struct_size: u32,
    pub interface_count: u32,
    pub lab: *const c_char,
    pub device: *const c_char,
    pub interfaces: *const *const Interface,
}

/// struct netrig_device
#[repr(C)]
pub struct Device {
    pub struct_size: u32,
    pub interface_count: u32,
    pub lab: *const c_char,
    pub device: *const c_char,
    pub interfaces: *const *const Interface,
    pub record: *const c_void,
    pub record_size: u32,
    pub reserved: u32,
}

/// struct netrig_functions
#[repr(C)]
pub struct Functions {
    pub struct_size: u32,
    pub reserved: u32,
    pub validate: Option<unsafe extern "C" fn(*const Host, *mut Call, *const Request) -> Status>,
    pub create: Option<unsafe extern "C" fn(*const Host, *mut Call, *const Request) -> Status>,
    pub destroy: Option<unsafe extern "C" fn(*const Host, *mut Call, *const Device) -> Status>,
    pub inspect: Option<unsafe extern "C" fn(*const Host, *mut Call, *const Device) -> Status>,
    pub change: Option<unsafe extern "C" fn(*const Host, *mut Call, *const Device) -> Status>,
    pub settle: Option<unsafe extern "C" fn(*const Host, *mut Call, *const Device) -> Status>,
}
const _: () = assert!(size_of::<Functions>() == 56);
impl Functions {
    pub const NONE: Functions = Functions {
        struct_size: size_of::<Functions>() as u32,
        reserved: 0,
        validate: None,
        create: None,
        destroy: None,
        inspect: None,
        change: None,
        settle: None,
    };
}

/// A text of the program with its NUL, as C takes it.
macro_rules! c {
    ($text:literal) => {
        concat!($text, "\0").as_ptr() as *const std::os::raw::c_char
    };
}
pub(crate) use c;
