// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {Forwarder} from "../src/Forwarder.sol";
import {ForwarderFactory} from "../src/ForwarderFactory.sol";
import {TestToken} from "../src/TestToken.sol";
import {MiniTest, Vm} from "./MiniTest.sol";
import {ClosedVault, EagerVault} from "./Wallets.sol";
import {BalanceBombToken} from "./tokens/BalanceBombToken.sol";
import {BombToken} from "./tokens/BombToken.sol";
import {BurningBalanceToken} from "./tokens/BurningBalanceToken.sol";
import {BurningToken} from "./tokens/BurningToken.sol";
import {FalseToken} from "./tokens/FalseToken.sol";
import {FeeOnTopToken} from "./tokens/FeeOnTopToken.sol";
import {FeeToken} from "./tokens/FeeToken.sol";
import {GrowingToken} from "./tokens/GrowingToken.sol";
import {HookToken} from "./tokens/HookToken.sol";
import {LimitToken} from "./tokens/LimitToken.sol";
import {LyingToken} from "./tokens/LyingToken.sol";
import {NoBalanceToken} from "./tokens/NoBalanceToken.sol";
import {PlainToken} from "./tokens/PlainToken.sol";
import {ReentrantToken} from "./tokens/ReentrantToken.sol";
import {ShortToken} from "./tokens/ShortToken.sol";
import {TwoToken} from "./tokens/TwoToken.sol";

/// @notice One deposit address against tokens that are weird, and tokens that are hostile.
contract ForwarderTest is MiniTest {
    address constant OWNER = address(0x0123);
    address constant VAULT = address(0x5AFE);
    bytes32 constant SALT = keccak256("customer 1");
    uint256 constant LEG_GAS = 150_000;

    ForwarderFactory factory;
    Forwarder forwarder;

    function setUp() public {
        factory = new ForwarderFactory(VAULT);
        forwarder = Forwarder(factory.deploy(SALT));
    }

    // --- weird, but honest

    function test_AnyoneMayFlushAndTheVaultIsPaid() public {
        PlainToken plain = new PlainToken();
        plain.mint(address(forwarder), 7);
        vm.expectEmit(address(forwarder));
        emit Forwarder.Flushed(address(plain), 7);
        vm.prank(address(0xBAD));
        vm.assertEq(forwarder.flush(address(plain)), 7);
        vm.assertEq(plain.balanceOf(VAULT), 7);
    }

    function test_TokenThatReturnsNothingIsFlushed() public {
        TestToken usdt = new TestToken(OWNER, 100, "Test Tether USD", "USDT", 6);
        vm.prank(OWNER);
        usdt.transfer(address(forwarder), 100);
        vm.assertEq(forwarder.flush(address(usdt)), 100);
        vm.assertEq(usdt.balanceOf(VAULT), 100);
    }

    function test_EmptyForwarderSaysNothing() public {
        PlainToken plain = new PlainToken();
        vm.recordLogs();
        vm.assertEq(forwarder.flush(address(plain)), 0);
        vm.assertEq(forwarder.flush(address(0)), 0);
        vm.assertEq(vm.getRecordedLogs().length, 0);
    }

    function test_FeeOfTheTokenDoesNotChangeWhatLeft() public {
        FeeToken fee = new FeeToken();
        fee.mint(address(forwarder), 1000);
        vm.expectEmit(address(forwarder));
        emit Forwarder.Flushed(address(fee), 1000);
        vm.assertEq(forwarder.flush(address(fee)), 1000);
        vm.assertEq(fee.balanceOf(VAULT), 990);
        vm.assertEq(fee.balanceOf(address(forwarder)), 0);
    }

    function test_FeeOnTopIsGotOutInParts() public {
        FeeOnTopToken fee = new FeeOnTopToken();
        fee.mint(address(forwarder), 1010);
        vm.expectRevert(abi.encodeWithSelector(Forwarder.TokenRefused.selector, address(fee)));
        forwarder.flush(address(fee));
        vm.prank(address(0xBAD));
        vm.assertEq(forwarder.flushPart(address(fee), 1000), 1010);
        vm.assertEq(fee.balanceOf(VAULT), 1000);
    }

    function test_LimitedTransfersAreGotOutInParts() public {
        LimitToken limited = new LimitToken();
        limited.mint(address(forwarder), 150);
        vm.expectRevert(abi.encodeWithSelector(Forwarder.TokenRefused.selector, address(limited)));
        forwarder.flush(address(limited));
        vm.assertEq(forwarder.flushPart(address(limited), 100), 100);
        vm.assertEq(forwarder.flushPart(address(limited), 100), 50);
        vm.assertEq(forwarder.flushPart(address(limited), 100), 0);
        vm.assertEq(limited.balanceOf(VAULT), 150);
    }

    function testFuzz_PartIsNeverMoreThanAskedForNorThanThereIs(uint256 held, uint256 most) public {
        PlainToken plain = new PlainToken();
        plain.mint(address(forwarder), held);
        uint256 left = forwarder.flushPart(address(plain), most);
        vm.assertEq(left, held < most ? held : most);
        vm.assertEq(plain.balanceOf(VAULT), left);
        vm.assertEq(plain.balanceOf(address(forwarder)), held - left);
    }

    function test_InterestInTheMiddleIsNotCountedAsLeft() public {
        GrowingToken growing = new GrowingToken();
        growing.mint(address(forwarder), 100);
        growing.setInterest(30);
        vm.assertEq(forwarder.flush(address(growing)), 70);
        growing.setInterest(200);
        vm.expectRevert(abi.encodeWithSelector(Forwarder.TokenRefused.selector, address(growing)));
        forwarder.flush(address(growing));
    }

    // --- refused

    function test_TokensThatDoNotPayAreRefused() public {
        address[] memory refused = new address[](6);
        refused[0] = address(new FalseToken());
        refused[1] = address(new LyingToken());
        refused[2] = address(new TwoToken());
        refused[3] = address(new ShortToken());
        refused[4] = address(new NoBalanceToken());
        refused[5] = address(0xDEAD); // no code
        for (uint256 i = 0; i < 3; i++) {
            PlainToken(refused[i]).mint(address(forwarder), 10);
        }
        for (uint256 i = 0; i < refused.length; i++) {
            vm.expectRevert(abi.encodeWithSelector(Forwarder.TokenRefused.selector, refused[i]));
            forwarder.flush(refused[i]);
        }
    }

    function test_PrecompilesAreNoTokens() public {
        for (uint160 i = 1; i < 20; i++) {
            try forwarder.flush{gas: 100_000}(address(i)) returns (uint256 amount) {
                vm.assertEq(amount, 0);
            } catch {}
        }
    }

    // --- hostile

    /// In a batch, each of these costs its own legs and nothing else.
    function test_HostileTokensDoNotStopABatch() public {
        address[] memory tokens = new address[](7);
        tokens[0] = address(new BurningToken());
        tokens[1] = address(new BurningBalanceToken());
        tokens[2] = address(new BombToken());
        tokens[3] = address(new BalanceBombToken());
        tokens[4] = address(new LyingToken());
        ReentrantToken reentrant = new ReentrantToken();
        tokens[5] = address(reentrant);
        PlainToken plain = new PlainToken();
        tokens[6] = address(plain);
        bytes32[] memory salts = new bytes32[](3);
        for (uint256 i = 0; i < salts.length; i++) {
            salts[i] = bytes32(i);
            address to = factory.addressOf(salts[i]);
            PlainToken(tokens[0]).mint(to, 1);
            PlainToken(tokens[4]).mint(to, 1);
            reentrant.mint(to, 1);
            plain.mint(to, 5);
        }
        // The worst that can be called in the middle: a batch of everything, again.
        reentrant.arm(address(factory), abi.encodeCall(ForwarderFactory.flushMany, (salts, tokens, 1)));
        factory.flushMany(salts, tokens, LEG_GAS);
        uint256 most = 21_000 + salts.length * tokens.length * (LEG_GAS + 10_000);
        vm.assertTrue(vm.lastCallGas().used < most, "more gas than the legs were given");
        vm.assertEq(plain.balanceOf(VAULT), 15);
    }

    function test_HugeAnswerIsNotCopied() public {
        BombToken bomb = new BombToken();
        try forwarder.flush(address(bomb)) {
            vm.assertTrue(false, "flushed");
        } catch {}
        // The token itself pays for the memory of its answer; copying it would double that.
        vm.assertTrue(vm.lastCallGas().used < bomb.COST() * 3 / 2, "the answer was copied");
    }

    function test_ReentrancyMovesMoneyToTheVaultOnly() public {
        ReentrantToken reentrant = new ReentrantToken();
        PlainToken plain = new PlainToken();
        reentrant.mint(address(forwarder), 3);
        plain.mint(address(forwarder), 5);
        reentrant.arm(address(forwarder), abi.encodeCall(Forwarder.flush, (address(plain))));
        vm.assertEq(forwarder.flush(address(reentrant)), 3);
        vm.assertEq(plain.balanceOf(VAULT), 5);
        vm.assertEq(reentrant.balanceOf(VAULT), 3);
    }

    /// The token calls flush of itself before it moves: the inner flush moves everything, the
    /// outer one then has nothing to move and reverts, so that nothing is counted twice.
    function test_ReentrancyIntoTheSameTokenIsNotCountedTwice() public {
        ReentrantToken reentrant = new ReentrantToken();
        reentrant.mint(address(forwarder), 3);
        reentrant.arm(address(forwarder), abi.encodeCall(Forwarder.flush, (address(reentrant))));
        vm.expectRevert(abi.encodeWithSelector(Forwarder.TokenRefused.selector, address(reentrant)));
        forwarder.flush(address(reentrant));
        vm.assertEq(reentrant.balanceOf(address(forwarder)), 3);
    }

    function test_VaultThatFlushesWhileItIsPaidGetsEverythingOnce() public {
        EagerVault eager = new EagerVault();
        Forwarder paying = Forwarder(new ForwarderFactory(address(eager)).deploy(SALT));
        HookToken hook = new HookToken();
        hook.mint(address(paying), 9);
        eager.arm(address(paying), abi.encodeCall(Forwarder.flush, (address(hook))));
        vm.recordLogs();
        vm.assertEq(paying.flush(address(hook)), 9);
        vm.assertEq(vm.getRecordedLogs().length, 1);

        vm.deal(address(paying), 4);
        eager.arm(address(paying), abi.encodeCall(Forwarder.flush, (address(0))));
        vm.assertEq(paying.flush(address(0)), 4);
        vm.assertEq(address(eager).balance, 4);
    }

    function test_VaultThatRefusesKeepsTheMoneyWhereItIs() public {
        ForwarderFactory closed = new ForwarderFactory(address(new ClosedVault()));
        Forwarder paying = Forwarder(closed.deploy(SALT));
        vm.deal(address(paying), 5);
        vm.expectRevert(abi.encodeWithSelector(Forwarder.VaultRefused.selector));
        paying.flush(address(0));
        vm.assertEq(address(paying).balance, 5);
    }

    function test_ImplementationPaysTheVaultToo() public {
        PlainToken plain = new PlainToken();
        plain.mint(factory.implementation(), 2);
        vm.prank(address(0xBAD));
        Forwarder(factory.implementation()).flush(address(plain));
        vm.assertEq(plain.balanceOf(VAULT), 2);
    }
}
