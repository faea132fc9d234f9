// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {Forwarder} from "../src/Forwarder.sol";
import {ForwarderFactory} from "../src/ForwarderFactory.sol";
import {MiniTest} from "./MiniTest.sol";
import {OldWallet} from "./Wallets.sol";
import {FeeToken} from "./tokens/FeeToken.sol";
import {LimitToken} from "./tokens/LimitToken.sol";
import {LyingToken} from "./tokens/LyingToken.sol";
import {PlainToken} from "./tokens/PlainToken.sol";
import {ReentrantToken} from "./tokens/ReentrantToken.sol";

/// @notice Anyone, doing anything that can be done to deposit addresses. Counts what was paid in.
contract Anyone is MiniTest {
    uint256 constant FORWARDERS = 4;
    uint256 constant PEOPLE = 5;

    ForwarderFactory public immutable factory;
    OldWallet private immutable wallet = new OldWallet();
    PlainToken[] public tokens;
    mapping(address token => uint256) public paidIn; // the zero address is the native coin
    mapping(address token => uint256) public seenInVault;
    bool public vaultLost;
    uint256 public flushes;

    constructor(address vault) {
        factory = new ForwarderFactory(vault);
        tokens.push(new PlainToken());
        tokens.push(new FeeToken());
        tokens.push(new LimitToken());
        tokens.push(new LyingToken());
        tokens.push(new ReentrantToken());
    }

    modifier watched() {
        _;
        for (uint256 i = 0; i <= tokens.length; i++) {
            address token = tokenAt(i);
            uint256 held = balance(token, factory.vault());
            if (held < seenInVault[token]) vaultLost = true;
            seenInVault[token] = held;
        }
    }

    function payTokens(uint256 salt, uint256 token, uint256 amount) external watched {
        amount %= 1000;
        PlainToken chosen = tokens[token % tokens.length];
        chosen.mint(forwarder(salt), amount);
        paidIn[address(chosen)] += amount;
    }

    function payNative(uint256 salt, uint256 amount, bool old) external watched {
        amount %= 1 ether;
        vm.deal(old ? address(wallet) : address(this), amount);
        if (old) {
            wallet.pay(forwarder(salt), amount);
        } else {
            (bool ok,) = forwarder(salt).call{value: amount}("");
            vm.assertTrue(ok);
        }
        paidIn[address(0)] += amount;
    }

    function deploy(uint256 who, uint256 salt) external watched {
        vm.prank(person(who));
        factory.deploy(bytes32(salt % FORWARDERS));
    }

    function flush(uint256 who, uint256 salt, uint256 token) external watched {
        vm.prank(person(who));
        (bool ok,) = forwarder(salt).call(abi.encodeCall(Forwarder.flush, (tokenAt(token))));
        if (ok) flushes++;
    }

    function flushPart(uint256 who, uint256 salt, uint256 token, uint256 most) external watched {
        vm.prank(person(who));
        (bool ok,) = forwarder(salt).call(abi.encodeCall(Forwarder.flushPart, (tokenAt(token), most % 1000)));
        if (ok) flushes++;
    }

    function flushMany(uint256 who, uint256 first, uint256 count, uint256 gasPerLeg) external watched {
        bytes32[] memory salts = new bytes32[](count % (FORWARDERS + 1));
        for (uint256 i = 0; i < salts.length; i++) {
            salts[i] = bytes32((first % FORWARDERS + i) % FORWARDERS);
        }
        address[] memory all = new address[](tokens.length + 1);
        for (uint256 i = 0; i < all.length; i++) {
            all[i] = tokenAt(i);
        }
        vm.prank(person(who));
        try factory.flushMany(salts, all, gasPerLeg % 300_000) {
            flushes++;
        } catch {}
    }

    function armReentrancy(uint256 salt, uint256 token) external watched {
        bytes memory data = abi.encodeCall(Forwarder.flush, (tokenAt(token)));
        ReentrantToken(address(tokens[4])).arm(forwarder(salt), data);
    }

    /// Any calldata, to a forwarder or to the implementation, with or without money.
    function poke(uint256 who, uint256 salt, bytes calldata data, bool implementation, uint256 amount)
        external
        watched
    {
        if (data.length == 0) return; // that is a payment
        amount %= 1000;
        address to = implementation ? factory.implementation() : forwarder(salt);
        if (to.code.length == 0) return; // anything may be paid to an address without code
        address caller = person(who);
        vm.deal(caller, amount);
        vm.prank(caller);
        (bool ok,) = to.call{value: amount}(data);
        vm.assertTrue(!ok || amount == 0, "calldata was taken for a payment");
    }

    function tokenAt(uint256 i) public view returns (address) {
        i %= tokens.length + 1;
        return i == tokens.length ? address(0) : address(tokens[i]);
    }

    function forwarder(uint256 salt) public view returns (address) {
        return factory.addressOf(bytes32(salt % FORWARDERS));
    }

    function balance(address token, address account) public view returns (uint256) {
        return token == address(0) ? account.balance : PlainToken(token).balanceOf(account);
    }

    /// What the forwarders, the vault and a token's own fee collector hold together.
    function accountedFor(address token) external view returns (uint256 sum) {
        sum = balance(token, factory.vault()) + (token == address(tokens[1]) ? balance(token, address(0xFEE)) : 0);
        for (uint256 i = 0; i < FORWARDERS; i++) {
            sum += balance(token, forwarder(i));
        }
    }

    function person(uint256 who) private pure returns (address) {
        return [address(0xBAD0), address(0xBAD1), address(0xBAD2), address(0xBAD3), address(0xBAD4)][who % PEOPLE];
    }
}

contract ForwarderInvariants is MiniTest {
    address constant VAULT = address(0x5AFE);
    Anyone anyone;

    function setUp() public {
        anyone = new Anyone(VAULT);
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(anyone);
    }

    /// Every unit that was ever paid in is in a forwarder, in the vault, or was the token's fee.
    function invariant_MoneyMovesToTheVaultOnly() public view {
        for (uint256 i = 0; i <= 5; i++) {
            address token = anyone.tokenAt(i);
            vm.assertEq(anyone.accountedFor(token), anyone.paidIn(token), "money went elsewhere");
        }
    }

    function invariant_TheVaultNeverLoses() public view {
        vm.assertFalse(anyone.vaultLost());
    }
}
