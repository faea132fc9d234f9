// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {Forwarder} from "../src/Forwarder.sol";
import {ForwarderFactory} from "../src/ForwarderFactory.sol";
import {TestToken} from "../src/TestToken.sol";
import {MiniTest} from "./MiniTest.sol";
import {OldWallet, PlainToken, FalseToken, ShortToken, BombToken, ClosedVault} from "./Hostile.sol";

contract ForwarderFactoryTest is MiniTest {
    address constant OWNER = address(0x0123);
    address constant VAULT = address(0x5AFE);
    bytes32 constant SALT = keccak256("customer 1");

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
        vm.assertTrue(said.code.length > 0);
        vm.assertEq(Forwarder(payable(said)).vault(), VAULT);
    }

    function test_DeployTwiceReturnsTheSame() public {
        address first = factory.deploy(SALT);
        vm.recordLogs();
        vm.assertEq(factory.deploy(SALT), first);
        vm.assertEq(vm.getRecordedLogs().length, 0);
    }

    function test_AddressDependsOnTheVault() public {
        ForwarderFactory other = new ForwarderFactory(address(0xBAD));
        vm.assertTrue(other.initCodeHash() != factory.initCodeHash());
    }

    function test_ZeroVaultReverts() public {
        vm.expectRevert(abi.encodeWithSelector(ForwarderFactory.ZeroVault.selector));
        new ForwarderFactory(address(0));
    }

    // --- tokens

    function testFuzz_WhatCameBeforeDeploymentIsFlushed(uint256 amount) public {
        vm.assume(amount > 0 && amount <= 1_000_000e6);
        address forwarder = factory.addressOf(SALT);
        vm.prank(OWNER);
        token.transfer(forwarder, amount);
        vm.expectEmit(forwarder);
        emit Forwarder.Flushed(address(token), amount);
        factory.flushMany(salts(1), address(token));
        vm.assertEq(token.balanceOf(VAULT), amount);
        vm.assertEq(token.balanceOf(forwarder), 0);
    }

    function test_AnyoneMayFlushAndTheVaultIsPaid() public {
        Forwarder forwarder = Forwarder(payable(factory.deploy(SALT)));
        vm.prank(OWNER);
        token.transfer(address(forwarder), 7);
        vm.prank(address(0xBAD));
        vm.assertEq(forwarder.flush(address(token)), 7);
        vm.assertEq(token.balanceOf(VAULT), 7);
    }

    function test_TokenThatReturnsTrueIsFlushed() public {
        PlainToken plain = new PlainToken();
        plain.mint(factory.addressOf(SALT), 5);
        factory.flushMany(salts(1), address(plain));
        vm.assertEq(plain.balanceOf(VAULT), 5);
    }

    function test_TokenThatReturnsFalseOrTooLittleReverts() public {
        Forwarder forwarder = Forwarder(payable(factory.deploy(SALT)));
        address[2] memory tokens = [address(new FalseToken()), address(new ShortToken())];
        for (uint256 i = 0; i < tokens.length; i++) {
            vm.expectRevert(abi.encodeWithSelector(Forwarder.TokenRefused.selector, tokens[i]));
            forwarder.flush(tokens[i]);
        }
    }

    function test_AddressWithoutCodeIsNoToken() public {
        Forwarder forwarder = Forwarder(payable(factory.deploy(SALT)));
        vm.expectRevert(abi.encodeWithSelector(Forwarder.TokenRefused.selector, address(0xDEAD)));
        forwarder.flush(address(0xDEAD));
    }

    function test_FeeOfTheTokenDoesNotChangeWhatLeft() public {
        vm.prank(OWNER);
        token.setParams(10, 1);
        Forwarder forwarder = Forwarder(payable(factory.deploy(SALT)));
        vm.prank(OWNER);
        token.transfer(address(forwarder), 1001000);
        uint256 held = token.balanceOf(address(forwarder));
        vm.assertEq(forwarder.flush(address(token)), held);
        vm.assertEq(token.balanceOf(VAULT), held - held * 10 / 10_000);
    }

    function test_EmptyForwarderSaysNothing() public {
        Forwarder forwarder = Forwarder(payable(factory.deploy(SALT)));
        vm.recordLogs();
        vm.assertEq(forwarder.flush(address(token)), 0);
        vm.assertEq(forwarder.flushNative(), 0);
        vm.assertEq(vm.getRecordedLogs().length, 0);
    }

    function test_OneBlackListedAddressDoesNotStopTheOthers() public {
        bytes32[] memory batch = salts(3);
        for (uint256 i = 0; i < batch.length; i++) {
            address forwarder = factory.addressOf(batch[i]);
            vm.prank(OWNER);
            token.transfer(forwarder, 10);
        }
        address blackListed = factory.addressOf(batch[1]);
        vm.prank(OWNER);
        token.addBlackList(blackListed);
        vm.expectEmit(address(factory));
        emit ForwarderFactory.FlushFailed(batch[1], address(token));
        factory.flushMany(batch, address(token));
        vm.assertEq(token.balanceOf(VAULT), 20);
        vm.assertEq(token.balanceOf(blackListed), 10);
    }

    function test_HugeReturnDataCostsOnlyWhatTheTokenBurns() public {
        BombToken bomb = new BombToken();
        Forwarder forwarder = Forwarder(payable(factory.deploy(SALT)));
        uint256 before = gasleft();
        factory.flushMany(salts(1), address(bomb));
        uint256 used = before - gasleft();
        // The token itself pays for the memory of two answers; copying them would double that.
        vm.assertTrue(used < bomb.COST() * 3 / 2, "the answer was copied");
        vm.assertEq(forwarder.vault(), VAULT);
    }

    // --- the native coin

    function test_OldWalletPaysWith2300Gas() public {
        OldWallet wallet = new OldWallet();
        vm.deal(address(wallet), 3 ether);
        address forwarder = factory.addressOf(SALT);
        wallet.pay(forwarder, 1 ether);
        factory.deploy(SALT);
        wallet.pay(forwarder, 1 ether);
        vm.assertEq(forwarder.balance, 2 ether);
        vm.expectEmit(forwarder);
        emit Forwarder.Flushed(address(0), 2 ether);
        factory.flushMany(salts(1), address(0));
        vm.assertEq(VAULT.balance, 2 ether);
    }

    function test_CalldataIsNotAPayment() public {
        address forwarder = factory.deploy(SALT);
        vm.deal(address(this), 1 ether);
        (bool ok,) = forwarder.call{value: 1}(hex"00");
        vm.assertFalse(ok);
        (ok,) = forwarder.call{value: 1}(abi.encodeCall(Forwarder.flushNative, ()));
        vm.assertFalse(ok);
    }

    function test_VaultThatRefusesKeepsTheMoneyWhereItIs() public {
        ForwarderFactory closed = new ForwarderFactory(address(new ClosedVault()));
        address forwarder = closed.deploy(SALT);
        vm.deal(forwarder, 5);
        vm.expectRevert(abi.encodeWithSelector(Forwarder.VaultRefused.selector));
        Forwarder(payable(forwarder)).flushNative();
        closed.flushMany(salts(1), address(0));
        vm.assertEq(forwarder.balance, 5);
    }

    function salts(uint256 n) private pure returns (bytes32[] memory batch) {
        batch = new bytes32[](n);
        batch[0] = SALT;
        for (uint256 i = 1; i < n; i++) {
            batch[i] = bytes32(i);
        }
    }
}
