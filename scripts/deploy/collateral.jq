# submit_collateral for the registry, from {root, collateral} as schema/worker-registry.json has them, or from Intel's
# collateral as dcap-qvl and several PCCS clients write it: PEM chains, hex lists and signatures, signed documents as text.

def bytes:
    def nibble: if . >= 97 then . - 87 elif . >= 65 then . - 55 else . - 48 end;
    if test("^([0-9a-fA-F]{2})*$") then explode | map(nibble) | [range(0; length; 2) as $i | .[$i] * 16 + .[$i + 1]]
    else error("not hex") end;

def encode:
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/" as $alphabet
    | . as $bytes | length as $length
    | [range(0; $length; 3) as $i
        | ($bytes[$i] * 65536 + ($bytes[$i + 1] // 0) * 256 + ($bytes[$i + 2] // 0)) as $word
        | (262144, 4096, 64, 1) as $place
        | if $i + 1 >= $length and $place <= 64 or $i + 2 >= $length and $place == 1 then "="
            else ($word / $place | floor % 64) as $at | $alphabet[$at:$at + 1] end]
    | add;

def hex: bytes | encode;
def chain: [capture("-----BEGIN CERTIFICATE-----(?<der>[^-]+)-----END CERTIFICATE-----"; "g").der | gsub("\\s"; "")];

{submit_collateral: (
    if .collateral then {root, collateral}
    else {root: "vendor", collateral: {tdx: {
        root_ca_crl: (.root_ca_crl | hex),
        pck_crl: (.pck_crl | hex),
        pck_crl_issuer_chain: (.pck_crl_issuer_chain | chain),
        tcb_info: (.tcb_info | @base64),
        tcb_info_signature: (.tcb_info_signature | hex),
        tcb_signing_chain: (.tcb_info_issuer_chain | chain),
        qe_identity: (.qe_identity | @base64),
        qe_identity_signature: (.qe_identity_signature | hex)
    }}} end)}
