// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {Forwarder} from "../src/Forwarder.sol";
import {ForwarderFactory} from "../src/ForwarderFactory.sol";
import {TestToken} from "../src/TestToken.sol";
import {MiniTest, Vm} from "./MiniTest.sol";
import {OldWallet} from "./Wallets.sol";
import {PlainToken} from "./tokens/PlainToken.sol";

contract ForwarderFactoryTest is MiniTest {
    address constant OWNER = address(0x0123);
    address constant VAULT = address(0x5AFE);
    bytes32 constant SALT = keccak256("customer 1");
    uint256 constant LEG_GAS = 150_000;

    ForwarderFactory factory;
    TestToken token;

    function setUp() public {
        factory = new ForwarderFactory(VAULT);
        token = new TestToken(OWNER, 1_000_000e6, "Test Tether USD", "USDT", 6);
    }

    // --- addresses

    function testFuzz_DeploysAtTheAddressItSaid(bytes32 salt) public {
        address said = factory.addressOf(salt);
        vm.assertEq(said.code.length, 0);
        vm.expectEmit(address(factory));
        emit ForwarderFactory.Deployed(salt, said);
        vm.assertEq(factory.deploy(salt), said);
        vm.assertEq(Forwarder(said).vault(), VAULT);
    }

    function test_AddressCanBeComputedFromTheFactorysAddressAlone() public {
        // CREATE by an account of nonce 1: keccak256(rlp([address, 1])).
        address implementation =
            address(uint160(uint256(keccak256(abi.encodePacked(hex"d694", address(factory), hex"01")))));
        vm.assertEq(factory.implementation(), implementation);
        bytes memory runtime = abi.encodePacked(
            hex"36600557005b", hex"363d3d373d3d3d363d73", implementation, hex"5af43d82803e903d91603157fd5bf3"
        );
        bytes32 initCodeHash = keccak256(abi.encodePacked(hex"3d603380600a3d3981f3", runtime));
        vm.assertEq(factory.initCodeHash(), initCodeHash);
        bytes32 hash = keccak256(abi.encodePacked(hex"ff", address(factory), SALT, initCodeHash));
        vm.assertEq(factory.addressOf(SALT), address(uint160(uint256(hash))));
        vm.assertEq(keccak256(factory.deploy(SALT).code), keccak256(runtime));
    }

    function test_DeployTwiceReturnsTheSame() public {
        address first = factory.deploy(SALT);
        vm.recordLogs();
        vm.assertEq(factory.deploy(SALT), first);
        vm.assertEq(vm.getRecordedLogs().length, 0);
    }

    function test_DeployedByAStrangerItIsTheSame() public {
        address said = factory.addressOf(SALT);
        vm.prank(address(0xBAD));
        vm.assertEq(factory.deploy(SALT), said);
    }

    function test_ZeroVaultReverts() public {
        vm.expectRevert(abi.encodeWithSelector(ForwarderFactory.ZeroVault.selector));
        new ForwarderFactory(address(0));
    }

    function test_AddressDependsOnTheVault() public {
        ForwarderFactory other = new ForwarderFactory(address(0xBAD));
        vm.assertTrue(other.addressOf(SALT) != factory.addressOf(SALT));
    }

    // --- batches

    function testFuzz_WhatCameBeforeDeploymentIsFlushed(uint256 amount) public {
        vm.assume(amount > 0 && amount <= 1_000_000e6);
        address forwarder = factory.addressOf(SALT);
        pay(forwarder, amount);
        vm.expectEmit(forwarder);
        emit Forwarder.Flushed(address(token), amount);
        factory.flushMany(salts(1), one(address(token)), LEG_GAS);
        vm.assertEq(token.balanceOf(VAULT), amount);
        vm.assertEq(token.balanceOf(forwarder), 0);
    }

    function test_EveryTokenOfEveryForwarderIsFlushed() public {
        PlainToken plain = new PlainToken();
        bytes32[] memory batch = salts(3);
        for (uint256 i = 0; i < batch.length; i++) {
            address forwarder = factory.addressOf(batch[i]);
            plain.mint(forwarder, 5);
            vm.deal(forwarder, 7);
            pay(forwarder, 11);
        }
        address[] memory tokens = new address[](3);
        (tokens[0], tokens[1]) = (address(plain), address(token)); // the last is the native coin
        vm.prank(address(0xBAD));
        factory.flushMany(batch, tokens, LEG_GAS);
        vm.assertEq(plain.balanceOf(VAULT), 15);
        vm.assertEq(token.balanceOf(VAULT), 33);
        vm.assertEq(VAULT.balance, 21);
    }

    function test_TheSameForwarderTwiceInABatchIsHarmless() public {
        bytes32[] memory batch = new bytes32[](2);
        (batch[0], batch[1]) = (SALT, SALT);
        pay(factory.addressOf(SALT), 3);
        factory.flushMany(batch, one(address(token)), LEG_GAS);
        vm.assertEq(token.balanceOf(VAULT), 3);
    }

    function test_OneBlackListedAddressDoesNotStopTheOthers() public {
        bytes32[] memory batch = salts(3);
        for (uint256 i = 0; i < batch.length; i++) {
            address forwarder = factory.addressOf(batch[i]);
            pay(forwarder, 10);
        }
        address blackListed = factory.addressOf(batch[1]);
        vm.prank(OWNER);
        token.addBlackList(blackListed);
        vm.expectEmit(address(factory));
        emit ForwarderFactory.FlushFailed(batch[1], address(token));
        factory.flushMany(batch, one(address(token)), LEG_GAS);
        vm.assertEq(token.balanceOf(VAULT), 20);
        vm.assertEq(token.balanceOf(blackListed), 10);
    }

    function test_PausedTokenFailsItsLegsOnly() public {
        bytes32[] memory batch = salts(2);
        PlainToken plain = new PlainToken();
        for (uint256 i = 0; i < batch.length; i++) {
            address forwarder = factory.addressOf(batch[i]);
            plain.mint(forwarder, 1);
            pay(forwarder, 10);
        }
        vm.prank(OWNER);
        token.pause();
        address[] memory tokens = new address[](2);
        (tokens[0], tokens[1]) = (address(token), address(plain));
        factory.flushMany(batch, tokens, LEG_GAS);
        vm.assertEq(plain.balanceOf(VAULT), 2);
        vm.prank(OWNER);
        token.unpause();
        factory.flushMany(batch, tokens, LEG_GAS);
        vm.assertEq(token.balanceOf(VAULT), 20);
    }

    /// A leg is never starved: with too little gas for what the caller allows to each leg, the
    /// whole call reverts; with enough, the leg succeeds.
    function testFuzz_TooLittleGasRevertsAndNeverFailsALeg(uint256 gas_) public {
        gas_ = 30_000 + gas_ % 400_000;
        factory.deploy(SALT);
        pay(factory.addressOf(SALT), 3);
        vm.recordLogs();
        try factory.flushMany{gas: gas_}(salts(1), one(address(token)), LEG_GAS) {
            vm.assertEq(token.balanceOf(VAULT), 3);
        } catch {
            vm.assertEq(token.balanceOf(VAULT), 0);
        }
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; i++) {
            vm.assertTrue(logs[i].topics[0] != ForwarderFactory.FlushFailed.selector, "a leg was starved");
        }
    }

    function test_TooLittleGasSaysSo() public {
        factory.deploy(SALT);
        vm.expectRevert(abi.encodeWithSelector(ForwarderFactory.TooLittleGas.selector, LEG_GAS));
        factory.flushMany{gas: LEG_GAS}(salts(1), one(address(token)), LEG_GAS);
    }

    function test_LegThatNeedsMoreThanItsGasFails() public {
        pay(factory.addressOf(SALT), 3);
        vm.expectEmit(address(factory));
        emit ForwarderFactory.FlushFailed(SALT, address(token));
        factory.flushMany(salts(1), one(address(token)), 10_000);
        vm.assertEq(token.balanceOf(factory.addressOf(SALT)), 3);
    }

    // --- payments to a deposit address

    function test_OldWalletPaysWith2300GasBeforeAndAfterDeployment() public {
        OldWallet wallet = new OldWallet();
        vm.deal(address(wallet), 3 ether);
        address forwarder = factory.addressOf(SALT);
        wallet.pay(forwarder, 1 ether);
        factory.deploy(SALT);
        wallet.pay(forwarder, 1 ether); // a transaction of its own: the implementation is cold
        vm.assertEq(forwarder.balance, 2 ether);
        vm.expectEmit(forwarder);
        emit Forwarder.Flushed(address(0), 2 ether);
        factory.flushMany(salts(1), one(address(0)), LEG_GAS);
        vm.assertEq(VAULT.balance, 2 ether);
    }

    function test_CalldataIsNotAPayment() public {
        address forwarder = factory.deploy(SALT);
        vm.deal(address(this), 1 ether);
        (bool ok,) = forwarder.call{value: 1}(hex"00");
        vm.assertFalse(ok);
        (ok,) = forwarder.call{value: 1}(abi.encodeCall(Forwarder.flush, (address(0))));
        vm.assertFalse(ok);
    }

    function test_PaymentMakesNoEvent() public {
        address forwarder = factory.deploy(SALT);
        vm.deal(address(this), 1 ether);
        vm.recordLogs();
        (bool ok,) = forwarder.call{value: 1}("");
        vm.assertTrue(ok);
        vm.assertEq(vm.getRecordedLogs().length, 0);
    }

    // --- gas, recorded in contracts/snapshots

    function test_GasOfDeployment() public {
        new ForwarderFactory(VAULT);
        factory.deploy(SALT);
        vm.snapshotGasLastCall("gas", "forwarder: deploy");
    }

    function test_GasOfFlushes() public {
        pay(VAULT, 1); // a vault that holds the token already
        address[] memory usdt = one(address(token));
        received(salts(1), 10);
        factory.flushMany(salts(1), usdt, LEG_GAS);
        vm.snapshotGasLastCall("gas", "forwarder: deploy and flush 1");
        received(salts(1), 10);
        factory.flushMany(salts(1), usdt, LEG_GAS);
        vm.snapshotGasLastCall("gas", "forwarder: flush 1, deployed");
        received(salts(1), 10);
        Forwarder(factory.addressOf(SALT)).flush(usdt[0]);
        vm.snapshotGasLastCall("gas", "forwarder: flush 1, deployed, without the factory");

        bytes32[] memory batch = salts(20);
        for (uint256 i = 0; i < batch.length; i++) {
            batch[i] = keccak256(abi.encode(batch[i]));
        }
        received(batch, 10);
        factory.flushMany(batch, usdt, LEG_GAS);
        vm.snapshotGasLastCall("gas", "forwarder: deploy and flush 20");
        received(batch, 10);
        factory.flushMany(batch, usdt, LEG_GAS);
        vm.snapshotGasLastCall("gas", "forwarder: flush 20, deployed");
        vm.assertEq(token.balanceOf(VAULT), 1 + 3 * 10 + 2 * 200);
    }

    function test_GasOfAPayment() public {
        address forwarder = factory.deploy(SALT);
        vm.deal(address(this), 1 ether);
        (bool ok,) = forwarder.call{value: 1}("");
        vm.snapshotGasLastCall("gas", "forwarder: native payment to one that is deployed");
        vm.assertTrue(ok);
    }

    function pay(address to, uint256 amount) private {
        vm.prank(OWNER);
        token.transfer(to, amount);
    }

    function received(bytes32[] memory batch, uint256 amount) private {
        for (uint256 i = 0; i < batch.length; i++) {
            pay(factory.addressOf(batch[i]), amount);
        }
    }

    function salts(uint256 n) private pure returns (bytes32[] memory batch) {
        batch = new bytes32[](n);
        batch[0] = SALT;
        for (uint256 i = 1; i < n; i++) {
            batch[i] = bytes32(i);
        }
    }

    function one(address token_) private pure returns (address[] memory tokens) {
        tokens = new address[](1);
        tokens[0] = token_;
    }
}
